// The last file of a backup: where it is, everything else is there too. It says so to people as well.
export const MARKER = 'complete';
export const MARKER_TEXT: Uint8Array = new TextEncoder().encode('strongroom: this backup is complete\n');
