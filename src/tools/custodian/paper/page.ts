// The page that is printed: one sheet of A4 or Letter, self-contained, with what its reader must know years later.

export interface Page {
  readonly holder: string;
  /** Of the certificate, in groups of four. */
  readonly fingerprint: string;
  readonly at: Date;
  readonly lines: readonly string[];
}

const TITLE = 'Strongroom: paper copy of a custodian key';
const EXPLANATION = [
  'The private key below is encrypted with the passphrase of its holder, which is not on this paper: keep it elsewhere.',
  'To restore: type the lines, with their numbers, into a text file; then run "paper restore FILE" of the Strongroom',
  'custodian tool. It names each line with a typing error. Never there: the letters I, L, O and U. Small letters and',
  'other spaces do no harm. Destroy this paper when the key is no longer of use.',
];

export function textPage(page: Page): string {
  return `${[TITLE, '', ...rows(page), '', ...EXPLANATION, '', ...page.lines].join('\n')}\n`;
}

export function htmlPage(page: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${TITLE}</title>
<style>
@page { margin: 16mm }
body { font: 10pt/1.35 sans-serif; color: #000; background: #fff; max-width: 180mm; margin: auto }
h1 { font-size: 14pt; margin: 0 0 6pt }
pre { font: 10.5pt/1.45 "DejaVu Sans Mono", Consolas, "Courier New", monospace; margin: 6pt 0; white-space: pre-wrap; overflow-wrap: break-word }
pre.lines { white-space: pre; font-size: ${page.lines.length > 40 ? 8 : 10.5}pt }
</style>
</head>
<body>
<h1>${TITLE}</h1>
<pre>${escaped(rows(page).join('\n'))}</pre>
<p>${escaped(EXPLANATION.join(' '))}</p>
<pre class="lines">${escaped(page.lines.join('\n'))}</pre>
</body>
</html>
`;
}

function rows({ holder, fingerprint, at }: Page): string[] {
  const [first, second] = [fingerprint.slice(0, 39), fingerprint.slice(40)];
  return [
    `holder       ${holder}`,
    `fingerprint  ${first}`,
    `             ${second}`,
    `printed      ${at.toISOString().slice(0, 10)}`,
  ];
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[letter] ?? '');
}
