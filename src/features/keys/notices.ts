// What is told to whoever made or changed a key, and to the record, beside an answer that is the service's own: a header that clients
// pass over, and the note of the entry.

export interface Notices {
  readonly headers?: Readonly<Record<string, string>>;
  readonly note?: string;
}

export function noticesOf(...told: readonly (string | undefined)[]): Notices {
  const note = told.filter((each) => each !== undefined).join('. ');
  if (note === '') return {};
  // Claims of a policy may be in any script; headers may not.
  const ascii = note.replace(/[^ -~]/g, '?').slice(0, 1024);
  return { headers: { 'x-strongroom-warning': ascii }, note };
}
