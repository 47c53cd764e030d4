// A rule or an outlet that cannot be one is refused before anything is served.
import type { WatchConfig } from '../deployment/watch-config.ts';

/** What judges them is loaded only where there are any. @throws ConfigError naming the one that cannot be one */
export async function refuseAlerts({ alerts }: WatchConfig, profile: 'dev' | 'production'): Promise<void> {
  if (alerts === undefined) return;
  const { checkAlerts } = await import('../deployment/checks/check-alerts.ts');
  checkAlerts(alerts, profile);
}
