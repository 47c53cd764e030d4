// Why a key cannot be wrapped, for the person who wraps it. Never holds key material.

export class ByokError extends Error {
  override readonly name = 'ByokError';
}
