// Every metric that there is, in one table: name, type, help, and the labels with the values that each may have. What has no row is
// not told. No label names a key, a caller, an address or a secret; those that have no list here have that of the program or the configuration.

/** `sum` over the workers of an instance, or what one of them says who knows: they are all told the same. */
type Across = 'sum' | 'min' | 'max';

export interface MetricRow {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Beside `hsm`, the name of the instance, which all have that are of one. */
  readonly labels?: Readonly<Record<string, readonly string[] | 'operation' | 'code' | 'number' | 'configured'>>;
  readonly across?: Across;
  /** Who alone tells it; absent: workers, too. */
  readonly by?: 'watcher';
}

/** The way of a request through a worker; together they are all of its time. */
export const STAGES = ['network', 'token', 'roles', 'turn', 'module', 'record', 'answer'] as const;

/** Seconds; of stages and of whole requests. */
export const LATENCY_BOUNDS: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

export const AGES = ['30d', '90d', '365d', '730d', 'older'] as const;
export const KEY_STATES = ['enabled', 'expiring', 'expired', 'pending', 'disabled', 'deleted'] as const;
/** Built-in ones without the words that most begin with, and those of one's own. */
export const ROLES = [
  'administrator',
  'arm user',
  'backup user',
  'crypto auditor',
  'crypto officer',
  'crypto service encryption user',
  'crypto service release user',
  'crypto user',
  'policy administrator',
  'restore user',
  'strongroom auditor',
  'custom',
] as const;

const depth = ['reachability', 'full'] as const;
const process = ['service', 'module', 'watcher'] as const;

const table = {
  strongroom_requests_total: {
    type: 'counter',
    help: 'Requests that were answered, by operation, by outcome (refused: 4xx, failed: 5xx) and by the code of the refusal; Unknown is what is no operation, health checks included, other what only a newer worker knows.',
    labels: { operation: 'operation', outcome: ['success', 'refused', 'failed'], code: 'code' },
  },
  strongroom_request_duration_seconds: {
    type: 'histogram',
    help: 'From the head of a request to its answer, by operation.',
    labels: { operation: 'operation' },
  },
  strongroom_request_stage_seconds: {
    type: 'histogram',
    help: 'Time of requests in each stage: network (the body and the next look at all sockets), token, roles, turn (waiting for others), module (the operation itself), record (until the audit entry is durable), answer.',
    labels: { stage: STAGES },
  },
  strongroom_requests_in_flight: {
    type: 'gauge',
    help: 'Requests that have come and are not answered.',
    across: 'sum',
  },
  strongroom_requests_waiting: {
    type: 'gauge',
    help: 'Requests that wait for their turn among others, by what for: the module, or the worker.',
    labels: { queue: ['module', 'worker'] },
    across: 'sum',
  },
  strongroom_module_partitions: { type: 'gauge', help: 'Module partitions that serve.', across: 'sum' },
  strongroom_module_partitions_wanted: {
    type: 'gauge',
    help: 'Module partitions that there are to be.',
    across: 'sum',
  },
  strongroom_module_partition_losses_total: {
    type: 'counter',
    help: 'Module partitions that ended by themselves; each is started again.',
  },
  strongroom_module_load: {
    type: 'gauge',
    help: 'What the partitions were given and have not answered, in times of one AES operation.',
    across: 'sum',
  },
  strongroom_recorder_up: {
    type: 'gauge',
    help: '1 while audit entries become durable in time; 0: nothing that must be recorded is answered.',
    across: 'min',
  },
  strongroom_audit_entries_waiting: {
    type: 'gauge',
    help: 'Audit entries that are not durable yet.',
    across: 'sum',
  },
  strongroom_worker_up: {
    type: 'gauge',
    help: '1 for a service worker that told its figures in time; 0: those of it are missing here.',
    labels: { worker: 'number' },
    by: 'watcher',
  },
  strongroom_instance_up: {
    type: 'gauge',
    help: '1 while the HSM serves; 0: it is locked, not activated, stopped or failed, or no worker answers.',
    by: 'watcher',
  },
  strongroom_certificate_expiry_timestamp_seconds: {
    type: 'gauge',
    help: 'When the TLS certificate that is served ends, in Unix seconds; without hsm: that of the front.',
    across: 'min',
  },
  strongroom_token_keys_read_timestamp_seconds: {
    type: 'gauge',
    help: 'When the signing keys of a token issuer were last read, by its place in the configuration.',
    labels: { issuer: 'number' },
    across: 'min',
  },
  strongroom_token_key_expiry_timestamp_seconds: {
    type: 'gauge',
    help: 'When the first certificate of a signing key of a token issuer ends; absent where keys have none.',
    labels: { issuer: 'number' },
    across: 'min',
  },
  strongroom_custodian_margin: {
    type: 'gauge',
    help: 'Custodians who may still be lost before the HSM cannot be recovered; absent where the shares are not known.',
    across: 'min',
  },
  strongroom_custodians_reachable: {
    type: 'gauge',
    help: 'Custodians who were heard of within a year.',
    across: 'min',
  },
  strongroom_custodians_required: { type: 'gauge', help: 'Custodians who are needed to recover.', across: 'max' },
  strongroom_rehearsal_due_timestamp_seconds: {
    type: 'gauge',
    help: 'When the next rehearsal of a depth is due, in Unix seconds; absent where none is.',
    labels: { depth },
    across: 'min',
  },
  strongroom_backup_last_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When the newest full backup that succeeded ended, in Unix seconds; absent where there is none.',
    across: 'max',
  },
  strongroom_keys: {
    type: 'gauge',
    help: 'Keys by the state and age of their newest version (expiring: within 30 days; pending: before nbf).',
    labels: { state: KEY_STATES, age: AGES },
    across: 'max',
  },
  strongroom_grants: {
    type: 'gauge',
    help: 'Role assignments by role, scope and end.',
    labels: {
      role: ROLES,
      scope: ['all', 'keys', 'key'],
      ends: ['never', '7d', 'later'],
    },
    across: 'max',
  },
  strongroom_process_cpu_seconds_total: {
    type: 'counter',
    help: 'Processor time, by kind of process.',
    labels: { process },
  },
  strongroom_process_resident_memory_bytes: {
    type: 'gauge',
    help: 'Resident memory, by kind of process.',
    labels: { process },
    across: 'sum',
  },
  strongroom_sink_lag_entries: {
    type: 'gauge',
    help: 'Entries of a log that a sink has not taken, by its name in the configuration; the log of the management plane is that of @management.',
    labels: { sink: 'configured' },
    across: 'max',
    by: 'watcher',
  },
  strongroom_sink_lag_seconds: {
    type: 'gauge',
    help: 'Age of the oldest entry that a sink has not taken; 0: there is none.',
    labels: { sink: 'configured' },
    across: 'max',
    by: 'watcher',
  },
  strongroom_sink_refused_entries: {
    type: 'gauge',
    help: 'Entries that a sink will never take, since it was set up.',
    labels: { sink: 'configured' },
    across: 'max',
    by: 'watcher',
  },
  strongroom_alert_outlet_waiting_alerts: {
    type: 'gauge',
    help: 'Alerts that an outlet has not taken, by its name in the configuration.',
    labels: { outlet: 'configured' },
    across: 'max',
    by: 'watcher',
  },
  strongroom_alert_outlet_failing_seconds: {
    type: 'gauge',
    help: 'For how long an outlet of alerts has not taken what it was sent; 0: it takes it, or nothing was sent.',
    labels: { outlet: 'configured' },
    across: 'max',
    by: 'watcher',
  },
  strongroom_witness_signed_timestamp_seconds: {
    type: 'gauge',
    help: 'When a witness last cosigned a checkpoint of the log, in Unix seconds; 0 where none has, absent where none is configured.',
    across: 'max',
    by: 'watcher',
  },
  strongroom_trace_spans_dropped_total: {
    type: 'counter',
    help: 'Spans of sampled requests that could not be sent and were dropped.',
  },
} as const satisfies Readonly<Record<string, MetricRow>>;

export type MetricName = keyof typeof table;
export const metricTable: Readonly<Record<MetricName, MetricRow>> = table;

/** One value now. */
export interface Sample {
  readonly name: MetricName;
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Of one histogram since its process began: how many fell into each bucket, the last without a bound, and their sum in seconds. */
export interface HistogramSample extends Omit<Sample, 'value'> {
  readonly counts: readonly number[];
  readonly sum: number;
}

export interface Told {
  readonly samples: readonly Sample[];
  readonly histograms: readonly HistogramSample[];
}
