// How people call a command of this program when a message sends them to it: as the guide does, from the folder of the
// checkout. The program is not on the PATH.

export function ownCommand(words: string): string {
  return `./strongroom ${words}`;
}

/** A word that may hold anything, as a shell gives it to the command again. */
export function shellWord(text: string): string {
  return /^[\w.,:/@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Options that have a value, to follow a command's other words. */
export function optionWords(options: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(options)
    .map(([option, value]) => (value === undefined ? '' : ` --${option} ${shellWord(value)}`))
    .join('');
}
