// Why a custodian's tool does not do what it was asked: a sentence that names the cause and the next step.
export class CustodianError extends Error {
  override readonly name = 'CustodianError';
}
