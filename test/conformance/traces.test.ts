// The stock Python SDK in an application that OpenTelemetry's traces: what the product did for it is part of its trace, at a collector
// of the OpenTelemetry project.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startOtlpReceiver } from '../../src/watcher/sinks/otlp-receiver.fixture.ts';
import { startCollector } from '../support/collector.ts';
import { freePort } from '../support/free-port.ts';
import { makeOperatorAuthority } from '../support/operator-authority.ts';
import { startProduct } from '../support/running-product.ts';
import { until } from '../support/sink-scene.ts';
import { PYTHON, skipUnless } from '../system-programs.ts';
import { runIn } from './run-in.ts';

interface Span {
  readonly name: string;
  readonly kind: unknown;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}
interface Exported {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly Span[] }[] }[];
}

const folder = mkdtempSync(join(tmpdir(), 'traces-'));
after(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  return join(folder, name);
};

test('a span of the product is below that of the SDK; what the application does not trace is not traced', {
  skip: skipUnless('python-azure', 'collector'),
}, async () => {
  await using stack = new AsyncDisposableStack();
  const authority = await makeOperatorAuthority();
  const server = await authority.issue(['localhost']);
  const behind = await startOtlpReceiver(server);
  stack.defer(() => behind.close());
  const port = await freePort();
  const ca = file('ca.pem', authority.certificate);
  const [certificate, key] = [file('server.pem', server.certificate), file('server-key.pem', server.key)];
  const ports = { port, behind: behind.port };
  const collector = await startCollector({ folder, signal: 'traces', ...ports, certificate, key, ca });
  stack.defer(() => void collector.kill('SIGKILL'));
  const traces = { url: `https://localhost:${port}/v1/traces`, ratio: 1, caFile: ca };
  const product = stack.use(await startProduct({ config: file('config.json', JSON.stringify({ traces })) }));
  const env = { ...(await product.environment()), PYTHONDONTWRITEBYTECODE: '1' };

  const said = await runIn({ cwd: folder, env }, PYTHON, join(import.meta.dirname, 'clients/traces.py'));
  assert.equal(said.code, 0, said.stderr);
  const { quiet, spans } = JSON.parse(said.stdout) as { readonly quiet: string; readonly spans: readonly Span[] };
  const client = spans.find(({ kind }) => kind === 'CLIENT') ?? assert.fail('the SDK sent nothing');

  const received = (): readonly Span[] =>
    (behind.taken as unknown as readonly Exported[])
      .flatMap(({ resourceSpans }) => resourceSpans)
      .flatMap(({ scopeSpans }) => scopeSpans)
      .flatMap(({ spans: some }) => some);
  const below = (id: string): readonly Span[] => received().filter(({ parentSpanId }) => parentSpanId === id);
  await until(() => below(client.spanId).length > 0);
  const [request] = below(client.spanId);
  assert.deepEqual([request?.name, request?.kind, request?.traceId], ['KeyGet', 2, client.traceId]);
  const stages = below(request?.spanId ?? '').map(({ name }) => name);
  assert.deepEqual([stages[0], stages.at(-1), stages.includes('record')], ['network', 'answer', true]);
  assert.ok(received().every(({ traceId }) => traceId !== quiet));
});
