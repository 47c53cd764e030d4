// A diagnostic setting: which categories of an HSM's log its owner wants where. Kept and shown; the log itself is sent by
// the instance's own configuration.
import { flag, list, matching, oneOf, type Reader, record, ShapeError, text } from '../../../formats/shape.ts';
import { choice, flag as givenFlag, integer, members } from '../../../wire/management-shape.ts';

export interface DiagnosticSetting {
  readonly name: string;
  readonly destinations: Readonly<Partial<Record<Destination, string>>>;
  readonly logs: readonly LogChoice[];
  readonly metrics: readonly MetricChoice[];
}
export type Destination = (typeof DESTINATIONS)[number];
export interface LogChoice {
  readonly category?: 'AuditEvent';
  readonly categoryGroup?: 'audit' | 'allLogs';
  readonly enabled: boolean;
}
export interface MetricChoice {
  readonly category: 'AllMetrics';
  readonly enabled: boolean;
}

export const SETTING_NAME = /^[^\p{Cc}/\\?#%&<>*+:]{1,260}$/u;
export const MOST_SETTINGS = 5;
export const DESTINATIONS = [
  'workspaceId',
  'storageAccountId',
  'eventHubAuthorizationRuleId',
  'eventHubName',
  'marketplacePartnerId',
  'logAnalyticsDestinationType',
] as const;
const readId = matching(/^\/[^\p{Cc}?#]{1,1024}$/u, 'a resource id');
const destination = {
  workspaceId: readId,
  storageAccountId: readId,
  eventHubAuthorizationRuleId: readId,
  eventHubName: text,
  marketplacePartnerId: readId,
  logAnalyticsDestinationType: oneOf('Dedicated', 'AzureDiagnostics'),
};

/** Azure's own retention here is gone; a policy that keeps nothing is what clients still send. */
const noRetention: Reader<unknown> = (value, path) => {
  const { enabled, days } = members({ enabled: givenFlag, days: integer(0, 365) })(value, path);
  if (enabled && days > 0) throw new ShapeError(`${path}: retention is set where the log is kept, not here`);
};
const readLog = members(
  { enabled: givenFlag },
  { category: choice('AuditEvent'), categoryGroup: choice('audit', 'allLogs'), retentionPolicy: noRetention },
);
const readMetric = members({ enabled: givenFlag }, { category: choice('AllMetrics'), retentionPolicy: noRetention });
const readBody = members({
  properties: members(
    {},
    {
      ...destination,
      logAnalyticsDestinationType: choice('Dedicated', 'AzureDiagnostics'),
      logs: list(readLog, 10),
      metrics: list(readMetric, 10),
    },
  ),
});

/** @throws ShapeError */
export function readSettingBody(name: string, body: unknown): DiagnosticSetting {
  const properties = readBody(body, 'body').properties as Readonly<Record<string, unknown>>;
  const destinations = Object.fromEntries(
    DESTINATIONS.flatMap((each) => (typeof properties[each] === 'string' ? [[each, properties[each]]] : [])),
  ) as DiagnosticSetting['destinations'];
  const { eventHubName: _, logAnalyticsDestinationType: __, ...places } = destinations;
  if (Object.keys(places).length === 0) {
    throw new ShapeError(
      'body.properties must name where to send: workspaceId, storageAccountId, eventHubAuthorizationRuleId or marketplacePartnerId',
    );
  }
  const logs = ((properties.logs ?? []) as readonly (LogChoice & { retentionPolicy?: unknown })[]).map(
    ({ retentionPolicy: _policy, ...log }, index) => {
      if ((log.category === undefined) === (log.categoryGroup === undefined)) {
        throw new ShapeError(`body.properties.logs[${index}] must have either category or categoryGroup`);
      }
      return log;
    },
  );
  const metrics = ((properties.metrics ?? []) as readonly { enabled: boolean }[]).map(
    ({ enabled }): MetricChoice => ({ category: 'AllMetrics', enabled }),
  );
  if (![...logs, ...metrics].some(({ enabled }) => enabled)) {
    throw new ShapeError('body.properties must enable at least one of its logs or metrics');
  }
  return { name, destinations, logs, metrics };
}

/** As kept. */
export const readDiagnosticSetting: Reader<DiagnosticSetting> = record({
  name: matching(SETTING_NAME, 'the name of a setting'),
  destinations: record({}, destination),
  logs: list(
    record({ enabled: flag }, { category: oneOf('AuditEvent'), categoryGroup: oneOf('audit', 'allLogs') }),
    10,
  ),
  metrics: list(record({ category: oneOf('AllMetrics'), enabled: flag }), 10),
}) as Reader<DiagnosticSetting>;
