// Files of JSON that arrived without their end, as attachments and downloads do: said apart from what never was JSON.

/** @param text what does not parse @returns what is wrong with it, after the file's name; undefined: something else */
export function isTruncatedJson(text: string): string | undefined {
  if (!text.trimStart().startsWith('{') || text.trimEnd().endsWith('}')) return undefined;
  return `ends early, after ${Buffer.byteLength(text, 'utf8')} bytes`;
}
