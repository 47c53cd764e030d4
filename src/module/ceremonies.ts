// The ceremonies of the security domain: taking it, taking one over, replacing its custodians. Each reads the files anew
// under the lock, since another worker's partition may have been there before, and each ends in one atomic write.
import { CryptoError } from '../crypto/protocol/messages.ts';
import { withCeremonyLock } from './ceremony-lock.ts';
import { judgeQuorum, judgeUpload } from './judge-upload.ts';
import { makeDomainKeys } from './root-keys.ts';
import { readCustodians, writeSecurityDomain } from './security-domain.ts';
import type { Provisioned, Settled, StateContent } from './state-file.ts';
import { TransferKeys } from './transfer-key.ts';

/** What the ceremonies need of the module they run in. */
export interface CeremonyPlace {
  readonly folder: string;
  /** As it was last read. @throws CryptoError WrongState while there are no root keys */
  readonly provisioned: Provisioned;
  /** Unix seconds. */
  readonly now: number;
  reload(): void;
  /** Writes the state as the next generation and reads it again; durable when it returns. */
  replace(state: StateContent): void;
}

/** What a ceremony says of the people in it, by their thumbprints. */
export interface Outcome {
  readonly required: number;
  /** The custodians from now on: in the order of their shares, or of their certificates. */
  readonly thumbprints: readonly string[];
  /** Who brought the shares. */
  readonly quorum: readonly string[];
}

export class Ceremonies {
  readonly #place: CeremonyPlace;
  readonly #transferKeys: TransferKeys;

  constructor(place: CeremonyPlace) {
    this.#place = place;
    this.#transferKeys = new TransferKeys(place.folder);
  }

  settled(): Settled {
    return this.#place.provisioned.settled ?? { required: 0, thumbprints: [] };
  }

  /**
   * The first one settles the custodians, and makes the keys of the domain: no state of before holds any of them. Later ones
   * split the same keys over the same custodians.
   */
  download(certificates: unknown, required: number): string {
    const custodians = readCustodians(certificates, required);
    const settled = settledAs(
      required,
      custodians.map(({ thumbprint }) => thumbprint),
    );
    return this.#locked((state) => {
      requireSettled(state, settled);
      if (state.state === 'active') return writeSecurityDomain(state, custodians, required, this.#place.now);
      using made = makeDomainKeys();
      using rootKeys = state.rootKeys.joining(made.encoded);
      const active = { ...state, state: 'active', settled, rootKeys } as const;
      const document = writeSecurityDomain(active, custodians, required, this.#place.now);
      this.#place.replace(active);
      return document;
    });
  }

  /** The transfer certificate, DER. */
  async transferKey(): Promise<Buffer> {
    for (;;) {
      const state = this.#place.provisioned;
      const present = this.#transferKeys.load(state);
      if (present !== undefined) return present.certificate;
      // Takes a while: not under the lock.
      const made = await this.#transferKeys.make(state, this.#place.now);
      this.#locked((now) => {
        if (this.#transferKeys.load(now) === undefined) this.#transferKeys.keep(made);
      });
    }
  }

  /** Joins the security domain that was uploaded: its keys beside the instance's own, its custodians, active. */
  upload(document: string): Outcome {
    return this.#locked((state) => {
      if (state.state === 'active') throw new CryptoError('WrongState', 'the module is active');
      const transfer = this.#transferKeys.load(state);
      using gathered = judgeUpload(document, transfer);
      const { instance, keys } = gathered.opened;
      const { required, custodians: thumbprints } = instance;
      using rootKeys = state.rootKeys.joining(keys);
      this.#place.replace({ ...state, state: 'active', settled: settledAs(required, thumbprints), rootKeys });
      this.#transferKeys.remove();
      return { required, thumbprints, quorum: gathered.quorum };
    });
  }

  /** From now on the domain is split over the successors, as a quorum of the present custodians agreed. */
  replaceCustodians(certificates: unknown, required: number, domain: string, packets: unknown): Outcome {
    const thumbprints = readCustodians(certificates, required).map(({ thumbprint }) => thumbprint);
    const successors = settledAs(required, thumbprints);
    return this.#locked((state) => {
      const present = state.settled;
      if (present === undefined) throw new CryptoError('OtherCustodians', 'the module does not know its custodians');
      const transfer = this.#transferKeys.load(state);
      using gathered = judgeQuorum({ domain, packets }, { purpose: 'reshare', successors }, transfer);
      const { instance } = gathered.opened;
      if (instance.domainKey !== state.rootKeys.domainKey.toString('base64url')) {
        throw new CryptoError('DomainRefused', 'the file is of another security domain than this instance');
      }
      const isPresent =
        instance.required === present.required && instance.custodians.toSorted().join() === present.thumbprints.join();
      // Their shares open the old file for ever; they must not decide for ever.
      if (!isPresent) {
        throw new CryptoError('DomainRefused', 'the file is of custodians, or a quorum, that were replaced since');
      }
      this.#place.replace({ ...state, settled: successors });
      this.#transferKeys.remove();
      return { required, thumbprints, quorum: gathered.quorum };
    });
  }

  #locked<T>(work: (state: Provisioned) => T): T {
    return withCeremonyLock(this.#place.folder, () => {
      this.#place.reload();
      return work(this.#place.provisioned);
    });
  }
}

function settledAs(required: number, thumbprints: readonly string[]): Settled {
  return { required, thumbprints: thumbprints.toSorted() };
}

/** @throws CryptoError OtherCustodians */
function requireSettled({ state, settled }: Provisioned, asked: Settled): void {
  // Activated by a version that remembered nobody: then nobody can be told from a stranger.
  if (settled === undefined && state !== 'active') return;
  const isSame = settled?.required === asked.required && settled.thumbprints.join() === asked.thumbprints.join();
  if (isSame) return;
  throw new CryptoError('OtherCustodians', 'the root keys were split over other custodians, or with another quorum');
}
