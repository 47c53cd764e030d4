import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import type { Commit } from '../../store/sealed/records.ts';
import { part } from '../part.ts';
import { openActivation, securityDomainKind } from './activation.ts';
import { pendingCeremonyKind } from './pending-ceremony.ts';
import { securityDomainRows } from './rows.ts';
import type { SecurityDomainService } from './service.ts';

interface Needs {
  readonly crypto: CryptoClient;
  readonly onActive: () => void;
  readonly report: (what: string, error: unknown) => void;
}

interface Service extends Omit<SecurityDomainService, 'settle' | 'initialAdministrators'> {
  readonly commit: Commit;
  readonly config: { readonly initialAdministrators: readonly string[] };
}

export const securityDomain = part({
  kinds: [securityDomainKind, pendingCeremonyKind],
  keep: ({ crypto, onActive, report }: Needs) => ({
    activation: openActivation(crypto, onActive, (error) => report('reload of the module after activation', error)),
  }),
  serve: ({ commit: settle, config, ...service }: Service) => ({
    rows: securityDomainRows({
      ...service,
      settle,
      initialAdministrators: config.initialAdministrators.map((id) => id.toLowerCase()),
    }),
  }),
});
