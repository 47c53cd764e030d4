// Diagnostic settings of an HSM: which of the configured sinks get its log. What one may name and how it is shown are as in the
// public service; where a sink really is, and how it is reached, the configuration alone says.
import { matching, ShapeError, text } from '../../../formats/shape.ts';
import { ControlError } from '../../../http/control-row.ts';
import { choice, flag, integer, members, nothing } from '../../../http/management-shape.ts';
import { hsmId } from '../find.ts';
import { type DiagnosticSetting, type ManagedHsm, MOST_CATEGORIES, type Resources } from '../resources.ts';

export const AUDIT_EVENT = 'AuditEvent';
export const CATEGORY_GROUPS = ['audit', 'allLogs'] as const;

const LONGEST_ID = 1000;
const resourceId = (value: unknown, path: string): string => {
  const id = text(value, path);
  if (/^\/[^\0-\x20]+$/.test(id) && id.length <= LONGEST_ID) return id;
  throw new ShapeError(`${path} must be the id of a resource: /subscriptions/…/resourceGroups/…/providers/…`);
};

const retention = members({ days: integer(0, 100_000) }, { enabled: flag });
/** A policy of no days keeps for ever, which is for the destination to do, or not. */
const readRetention = (value: unknown, path: string) => {
  const { days, enabled = false } = retention(value, path);
  if (days === 0) return { enabled, days };
  throw new ShapeError(
    `${path}.days must be 0: nothing is taken away from here what was sent; have the destination do it (a lifecycle rule or an immutability policy of the container)`,
  );
};
const several =
  <T>(item: (value: unknown, path: string) => T) =>
  (value: unknown, path: string): readonly T[] => {
    if (!Array.isArray(value)) throw new ShapeError(`${path} must be a list`);
    if (value.length > MOST_CATEGORIES) throw new ShapeError(`${path} has more than ${MOST_CATEGORIES} items`);
    return value.map((each, index) => item(each, `${path}[${index}]`));
  };

const logMembers = members(
  { enabled: flag },
  { category: choice(AUDIT_EVENT), categoryGroup: choice(...CATEGORY_GROUPS), retentionPolicy: readRetention },
);
const readLog = (value: unknown, path: string) => {
  const log = logMembers(value, path);
  if ((log.category === undefined) !== (log.categoryGroup === undefined)) return log;
  throw new ShapeError(`${path} must have one of category and categoryGroup`);
};
const metricMembers = members(
  { category: choice('AllMetrics'), enabled: flag },
  { timeGrain: matching(/^[\dA-Z.]{0,20}$/, 'a duration, such as PT1M'), retentionPolicy: readRetention },
);
const readMetric = (value: unknown, path: string) => {
  const metric = metricMembers(value, path);
  if (!metric.enabled) return metric;
  throw new ShapeError(
    `${path}: metrics are not sent by diagnostic settings here; have Prometheus fetch them from /metrics of the health listener, and leave this out or disabled`,
  );
};

const readBody = members({
  properties: members(
    {},
    {
      storageAccountId: resourceId,
      workspaceId: resourceId,
      eventHubAuthorizationRuleId: resourceId,
      eventHubName: matching(/^[\w.-]{0,256}$/, 'the name of an event hub'),
      logAnalyticsDestinationType: choice('Dedicated', 'AzureDiagnostics'),
      serviceBusRuleId: nothing(
        'there are no service bus rules here; name a storage account, workspace or event hub rule',
      ),
      marketplacePartnerId: nothing(
        'there are no partner solutions here; name a storage account, workspace or event hub rule',
      ),
    },
    { logs: several(readLog), metrics: several(readMetric) },
  ),
});

const DESTINATIONS = ['storageAccountId', 'workspaceId', 'eventHubAuthorizationRuleId'] as const;

/** @param destinations that the configuration lists @throws ShapeError, ControlError 400 */
export function readSetting(name: string, body: unknown, destinations: readonly string[]): DiagnosticSetting {
  const {
    logs = [],
    metrics = [],
    serviceBusRuleId: _,
    marketplacePartnerId: __,
    ...rest
  } = readBody(body, 'body').properties;
  const setting = { name, logs, metrics, ...rest };
  const named = namedBy(setting);
  if (named.length === 0) {
    throw new ShapeError(
      'body.properties names no destination: one of storageAccountId, workspaceId, eventHubAuthorizationRuleId',
    );
  }
  const known = new Set(destinations.map((each) => each.toLowerCase()));
  for (const { member, id } of named) {
    if (!known.has(id.toLowerCase())) throw unknownDestination(member, id, destinations);
  }
  return setting;
}

/** Two of them would send everything twice. @throws ControlError 409 */
export function checkNotTwice(setting: DiagnosticSetting, others: readonly DiagnosticSetting[]): void {
  for (const other of others) {
    const ids = namedBy(other).map(({ id }) => id.toLowerCase());
    const twice = namedBy(setting).find(({ id }) => ids.includes(id.toLowerCase()));
    if (twice === undefined || !sendsLogs(setting) || !sendsLogs(other)) continue;
    throw new ControlError(
      409,
      'Conflict',
      `Data sink '${twice.id}' is already used in diagnostic setting '${other.name}' for category '${AUDIT_EVENT}'. Data sinks can't be reused in different settings on the same category for the same resource.`,
    );
  }
}

/** What the instance is told: lower case, each once. */
export function destinationsOf({ diagnosticSettings }: ManagedHsm): readonly string[] {
  const ids = diagnosticSettings.filter(sendsLogs).flatMap(namedBy);
  return [...new Set(ids.map(({ id }) => id.toLowerCase()))];
}

export function settingId(resources: Resources, hsm: ManagedHsm, name: string): string {
  return `${hsmId(resources, hsm)}/providers/microsoft.insights/diagnosticSettings/${name}`;
}

export function describeSetting(resources: Resources, hsm: ManagedHsm, setting: DiagnosticSetting) {
  const { name, ...properties } = setting;
  const absent = { ...Object.fromEntries(DESTINATIONS.map((each) => [each, null])), eventHubName: null };
  return {
    id: settingId(resources, hsm, name),
    type: 'Microsoft.Insights/diagnosticSettings',
    name,
    properties: { ...absent, logAnalyticsDestinationType: null, ...properties },
  };
}

function sendsLogs({ logs }: DiagnosticSetting): boolean {
  return logs.some(({ enabled }) => enabled);
}

function namedBy(setting: DiagnosticSetting) {
  return DESTINATIONS.flatMap((member) => {
    const id = setting[member];
    return id === undefined ? [] : [{ member, id }];
  });
}

function unknownDestination(member: string, id: string, destinations: readonly string[]): ControlError {
  const listed = destinations.length === 0 ? 'none' : destinations.join(', ');
  return new ControlError(
    400,
    'BadRequest',
    `body.properties.${member}: no sink of this service is '${id.slice(0, 400)}'. The configuration lists ${listed}. Name one of those, or have whoever runs the service add a sink with that 'resourceId' to 'sinks' of its configuration.`,
  );
}
