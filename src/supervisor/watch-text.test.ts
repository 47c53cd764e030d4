import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readWatchConfig } from '../deployment/watch-config.ts';
import { watchText } from './watch-text.ts';

test('a start names where health is asked, each sink and each receiver of alerts, and nothing that there is not', () => {
  const config = {
    health: { port: 9464 },
    sinks: [
      { kind: 'file', name: 'copy', path: '/var/log/strongroom.json' },
      { kind: 'syslog', name: 'siem', host: 'syslog.example.com' },
    ],
    alerts: {
      outlets: [
        { kind: 'webhook', name: 'on-call', url: 'https://hooks.example.com/x', secretFile: '/etc/strongroom/secret' },
      ],
    },
  };
  assert.deepEqual(watchText(readWatchConfig(config, 'config')), [
    'health on http://127.0.0.1:9464/readyz',
    'logs are sent to copy (file), siem (syslog)',
    'alerts are told to on-call (webhook)',
  ]);
  assert.deepEqual(watchText({}), []);
});
