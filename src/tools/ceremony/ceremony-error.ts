/** Why a ceremony does not go on, for its people to read and act on. */
export class CeremonyError extends Error {
  override readonly name = 'CeremonyError';
}
