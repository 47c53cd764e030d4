import type { NetworkRules } from '../../formats/network-rules.ts';
import { part } from '../part.ts';
import { type AccessService, accessRows } from './rows.ts';

interface Service extends Pick<AccessService, 'roles' | 'actionOf'> {
  readonly config: { readonly name: string };
  readonly places: { readonly audit: string };
  readonly network: Pick<AccessService, 'judge'> & { readonly current: NetworkRules };
}

export const access = part({
  serve: ({ config, places, network, ...service }: Service) => ({
    rows: accessRows({
      ...service,
      log: places.audit,
      instance: config.name,
      network: () => network.current,
      judge: (peer) => network.judge(peer),
      now: Date.now,
    }),
  }),
});
