// A report as a page that prints well and needs nothing from anywhere. It is made from the signed Markdown alone, which it
// carries, so that whoever has the page can check that it shows what was signed.

import { Refusal } from '../../../formats/refusal.ts';
/** @param markdown as `reportOf` and `joinReport` write it; not Markdown at large */
export function htmlOf(markdown: string): string {
  const title = plain(/^# (.+)$/m.exec(markdown)?.[1] ?? 'Ceremony report');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
${bodyOf(markdown.split('\n'))}
</body>
</html>
${CARRIER}${Buffer.from(markdown, 'utf8').toString('base64')} -->
`;
}

/** The Markdown that a page carries. @throws Refusal */
export function markdownIn(html: string): string {
  const start = html.lastIndexOf(CARRIER);
  const encoded = html.slice(start + CARRIER.length, -' -->\n'.length);
  if (start < 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) {
    throw new Refusal('this page carries no signed report');
  }
  return Buffer.from(encoded, 'base64').toString('utf8');
}

const CARRIER = '<!-- strongroom ceremony report ';

// A column is as wide as its longest word: words break nowhere but where `breakable` says, or where one alone is wider than the page.
const STYLE = `
body { font: 10pt/1.4 system-ui, sans-serif; margin: 2em auto; padding: 0 1em; max-width: 70em; color: #111; }
h1 { font-size: 16pt; } h2 { font-size: 12pt; margin-top: 2em; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .5em 0; }
th, td { border: 1px solid #999; padding: .2em .4em; text-align: left; vertical-align: top; overflow-wrap: break-word; }
th { background: #eee; } pre { white-space: pre-wrap; overflow-wrap: break-word; border: 1px solid #999; padding: .5em; }
@page { size: A4; margin: 18mm 15mm; }
@media print { body { margin: 0; padding: 0; max-width: none; font-size: 8pt; } h2 { break-after: avoid; } tr, pre { break-inside: avoid; }
  .wide { overflow-x: visible; } thead { display: table-header-group; } th { background: none; } }
`;

function bodyOf(lines: readonly string[]): string {
  const out: string[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (line === '') continue;
    if (line === '---') out.push('<hr>');
    else if (line.startsWith('# ')) out.push(`<h1>${escaped(plain(line.slice(2)))}</h1>`);
    else if (line.startsWith('## ')) out.push(`<h2>${escaped(plain(line.slice(3)))}</h2>`);
    else if (line === '```') {
      const close = lines.indexOf('```', at + 1);
      // Signed is what was handed in, so a stranger's report may leave it open.
      const end = close < 0 ? lines.length : close;
      out.push(`<pre>${escaped(lines.slice(at + 1, end).join('\n'))}</pre>`);
      at = end;
    } else if (line.startsWith('| ')) {
      let end = at;
      while ((lines[end] ?? '').startsWith('| ')) end += 1;
      out.push(tableOf(lines.slice(at, end)));
      at = end - 1;
    } else out.push(`<p>${escaped(plain(line.replaceAll('`', '')))}</p>`);
  }
  return out.join('\n');
}

function tableOf([headings = '', , ...rows]: readonly string[]): string {
  const row = (line: string, tag: string): string =>
    `<tr>${cellsOf(line)
      .map((cell) => `<${tag}>${breakable(cell)}</${tag}>`)
      .join('')}</tr>`;
  const body = rows.map((line) => row(line, 'td')).join('\n');
  return `<div class="wide"><table>\n<thead>${row(headings, 'th')}</thead>\n<tbody>\n${body}\n</tbody>\n</table></div>`;
}

/**
 * Where a line may end within what has no blanks: a time before its hour, a path or address after its marks, and what is no word
 * but a hash or a number anywhere. Nothing is put into the text: whoever copies it has what was written.
 */
function breakable(cell: string): string {
  return cell
    .split(/(\s+)/)
    .map((token) => (token.length < LONG ? [token] : partsOf(token)).map(escaped).join('<wbr>'))
    .join('');
}

const LONG = 17;

function partsOf(token: string): readonly string[] {
  const [, day, hour] = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d\S*)$/.exec(token) ?? [];
  if (day !== undefined && hour !== undefined) return [day, hour];
  return token
    .split(/(?<=[/_.:@=?&-])(?=.)/u)
    .flatMap((part) => (part.length >= LONG && /\d/.test(part) ? (part.match(/.{1,8}/gu) ?? []) : [part]));
}

/** Bars within cells are escaped, so a bar between blanks ends one. */
function cellsOf(line: string): readonly string[] {
  return line.slice(2, -2).split(' | ').map(plain);
}

function plain(text: string): string {
  return text.replaceAll(/\\(.)/g, '$1');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
