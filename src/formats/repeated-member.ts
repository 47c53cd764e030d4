// JSON texts that two readers could take for two things: most readers take the last of two members of one name, some the
// first. Not a parser: the text is known to be valid.

const [QUOTE, COMMA, OPEN_LIST, BACKSLASH, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [
  0x22, 0x2c, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d,
];

/** The first name that an object has twice, compared as it means and not as it is escaped. @param text valid JSON */
export function findRepeatedMember(text: string): string | undefined {
  /** Of each object that is open the names so far; of lists nothing. */
  const open: (Set<string> | undefined)[] = [];
  let names: Set<string> | undefined;
  let isName = false;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = endOfString(text, at);
        if (isName && names !== undefined) {
          const written = text.slice(at + 1, end);
          const name = written.includes('\\') ? (JSON.parse(`"${written}"`) as string) : written;
          if (names.has(name)) return name;
          names.add(name);
          isName = false;
        }
        at = end;
        break;
      }
      case OPEN_OBJECT:
      case OPEN_LIST:
        names = text.charCodeAt(at) === OPEN_OBJECT ? new Set() : undefined;
        open.push(names);
        isName = names !== undefined;
        break;
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        open.pop();
        names = open.at(-1);
        isName = false;
        break;
      case COMMA:
        isName = names !== undefined;
        break;
      default:
    }
  }
  return undefined;
}

/** Where the string ends that begins at `start`: at the first quotation mark with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}
