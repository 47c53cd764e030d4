// Why a backup cannot be used, whatever the place it lies in. The message names the file and the next step.

export type BackupErrorCode =
  | 'Damaged' // edited, truncated, or missing a part: what was read is not what was signed
  | 'OtherDomain' // made under another security domain
  | 'UnknownFormat' // signed, but of a later release
  | 'KeyNotInBackup'
  | 'TooLarge'; // a record, or the list of parts, exceeds what the format can hold

export class BackupError extends Error {
  override readonly name = 'BackupError';
  readonly code: BackupErrorCode;
  constructor(code: BackupErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
