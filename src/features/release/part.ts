import { part } from '../part.ts';
import type { SecondPerson } from '../second-person.ts';
import { openAuthorityKeys } from './authorities/signing-keys.ts';
import type { TrustRequest } from './authorities/trust-request.ts';
import { authorityKind, TrustedAuthorities } from './authorities/trusted.ts';
import { type ReleaseService, releaseRows } from './rows.ts';

interface Needs {
  readonly now: () => number;
  readonly stack: AsyncDisposableStack;
}

export const release = part({
  kinds: [authorityKind],
  keep: ({ now, stack }: Needs) => ({
    authorities: new TrustedAuthorities(),
    authorityKeys: stack.use(openAuthorityKeys(now)),
  }),
  serve: (service: Omit<ReleaseService, 'duties'> & { readonly trustApproval: SecondPerson<TrustRequest> }) => ({
    rows: releaseRows({ ...service, duties: service.trustApproval }),
  }),
});
