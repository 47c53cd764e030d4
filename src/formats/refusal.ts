/** Why a tool or a command does not do what it was asked: a sentence for whoever asked, which names the cause and the next step. */
export class Refusal extends Error {
  override readonly name: string = 'Refusal';
}

type Kind = abstract new (...args: never[]) => Error;

/** What `work` gives. What it throws of these kinds, of any kind where none is named, is thrown as what `refusal` makes of it. */
export function orThrow<T>(work: () => T, refusal: (cause: Error) => Error, ...kinds: readonly Kind[]): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error && (kinds.length === 0 || kinds.some((kind) => error instanceof kind))) {
      throw refusal(error);
    }
    throw error;
  }
}
