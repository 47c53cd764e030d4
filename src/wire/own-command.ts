// How people call a command of this program when a message sends them to it: as the guide does, from the folder of the
// checkout. The program is not on the PATH. Texts of `--help` go by its bare name, as their usage line does.

export function ownCommand(words: string): string {
  return `./strongroom ${words}`;
}
