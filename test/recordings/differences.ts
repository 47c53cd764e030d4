// Where the product answers otherwise than the real service was recorded to, and why it stays so. The suite fails on a
// difference that is not here and on one that is here and does not occur.

interface Row {
  readonly why: string;
  readonly at: readonly (readonly [scenario: string, step: number, ...what: string[]])[];
}

export const differences: readonly Row[] = [];
