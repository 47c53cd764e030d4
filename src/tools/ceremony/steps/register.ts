// What steps ask the HSM's register of custodians.
import { oneLine } from '../../../formats/printable.ts';
import { CeremonyError } from '../ceremony-error.ts';
import type { Facts } from '../journal.ts';
import { type Asking, VERSION } from '../step.ts';

export interface Register {
  /** SHA-256 of the newest domain file's text. */
  readonly domain: string | null;
  /** Of the domain key, hex. */
  readonly domainFingerprint: string;
  readonly margin: number | undefined;
  readonly warnings: readonly string[];
  readonly holders: readonly {
    readonly custodian: string;
    readonly isProven: boolean;
    /** As an administrator or their certificate calls them, where either has. */
    readonly name: string | undefined;
    readonly who: string;
  }[];
}

/** @throws CeremonyError; whatever the service refuses with */
export async function readRegister(service: Asking): Promise<Register> {
  const answer = (await service.ask('GET', `/securitydomain/custodians?${VERSION}`)) as Readonly<
    Record<string, unknown>
  >;
  const { domain, domainFingerprint, margin, warnings, value } = answer;
  const isRegister =
    (domain === null || typeof domain === 'string') &&
    typeof domainFingerprint === 'string' &&
    /^[0-9a-f]{64}$/.test(domainFingerprint) &&
    Array.isArray(warnings) &&
    Array.isArray(value);
  if (!isRegister) throw new CeremonyError('the HSM did not answer with a register of custodians');
  return {
    domain,
    domainFingerprint,
    margin: typeof margin === 'number' ? margin : undefined,
    warnings: warnings.map(String),
    holders: (value as readonly Readonly<Record<string, unknown>>[])
      .filter((each) => each['left'] === undefined)
      .map((each) => {
        const called = each['name'] ?? each['subject'];
        const name = called === undefined ? undefined : oneLine(String(called));
        const custodian = String(each['custodian']);
        const { domain: proven } = (each['proven'] ?? {}) as { readonly domain?: unknown };
        return { custodian, isProven: domain !== null && proven === domain, name, who: name ?? custodian };
      }),
  };
}

/** What people call those who hold a share, for the steps after this. */
export function namesIn({ holders }: Register): Facts {
  return Object.fromEntries(
    holders.flatMap(({ custodian, name }) => (name === undefined ? [] : [[nameFact(custodian), name]])),
  );
}

export function nameFact(custodian: string): string {
  return `name.${custodian}`;
}

/** The same, or undefined while the HSM does not serve yet. */
export async function readRegisterIfActive(service: Asking): Promise<Register | undefined> {
  try {
    return await readRegister(service);
  } catch (error) {
    if (error instanceof Error && 'status' in error && error.status === 403) return undefined;
    throw error;
  }
}
