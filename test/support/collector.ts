// A collector of the OpenTelemetry project, which hands on what it takes to a receiver behind it.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './sink-scene.ts';

export interface CollectorOptions {
  /** For its configuration. */
  readonly folder: string;
  /** What it takes. */
  readonly signal: 'logs' | 'traces';
  readonly port: number;
  /** Port of who gets all of it, on loopback. */
  readonly behind: number;
  /** Paths: of the certificate for `localhost`, its key and its authority. */
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
}

/** Resolves when it takes. */
export async function startCollector(options: CollectorOptions): Promise<ChildProcess> {
  const { folder, signal, port, behind, certificate, key, ca } = options;
  const configuration = join(folder, 'collector.yaml');
  writeFileSync(
    configuration,
    JSON.stringify({
      receivers: {
        otlp: {
          protocols: { http: { endpoint: `127.0.0.1:${port}`, tls: { cert_file: certificate, key_file: key } } },
        },
      },
      exporters: {
        otlp_http: {
          endpoint: `https://localhost:${behind}`,
          encoding: 'json',
          tls: { ca_file: ca },
          sending_queue: { enabled: false },
        },
      },
      service: {
        telemetry: { metrics: { level: 'none' } },
        pipelines: { [signal]: { receivers: ['otlp'], exporters: ['otlp_http'] } },
      },
    }),
  );
  const child = spawn('strongroom-collector', ['--config', configuration], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await until(() => said.includes('Everything is ready') || child.exitCode !== null);
  assert.equal(child.exitCode, null, said);
  return child;
}
