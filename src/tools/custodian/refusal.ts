// Why a custodian's tool does not do what it was asked: a sentence that names the cause and the next step.
export class CustodianError extends Error {
  override readonly name = 'CustodianError';
}

/** Of what a custodian keeps, or was given to keep: it is damaged beyond doubt, and no other word or file of theirs opens it. */
export class DamagedError extends CustodianError {}
