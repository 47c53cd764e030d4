// The little of Markdown that the document checks need: headings with their anchors, links, code words in tables.

export interface Link {
  readonly line: number;
  readonly target: string;
}

/** Lines with fenced code blanked, so that line numbers stay true. */
export function prose(text: string): string[] {
  let fenced = false;
  return text.split('\n').map((line) => {
    if (/^\s*(```|~~~)/.test(line)) {
      fenced = !fenced;
      return '';
    }
    return fenced ? '' : line;
  });
}

/** Inline links and images, reference definitions included. */
export function links(text: string): Link[] {
  return prose(text).flatMap((raw, index) => {
    const line = raw.replace(/`[^`]*`/g, '');
    const inline = [...line.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
    const defined = [...line.matchAll(/^\s*\[[^\]]+\]:\s+(\S+)/g)];
    return [...inline, ...defined].map((match) => ({ line: index + 1, target: match[1] ?? '' }));
  });
}

/** Anchors as the usual hosts make them from headings. */
export function anchors(text: string): Set<string> {
  const seen = new Map<string, number>();
  const result = new Set<string>();
  for (const line of prose(text)) {
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
    if (heading === undefined) continue;
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    result.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return result;
}

/** Cells of every table row whose first cell is a code word, `| \`Word\` | … |`, by that word. */
export function tableRows(text: string): { word: string; cells: string[]; line: number }[] {
  return prose(text).flatMap((line, index) => {
    const cells = line.split('|').map((cell) => cell.trim());
    const word = /^`([^`]+)`$/.exec(cells[1] ?? '')?.[1];
    return word === undefined ? [] : [{ word, cells: cells.slice(1, -1), line: index + 1 }];
  });
}
