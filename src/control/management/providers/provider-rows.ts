// Rows about resource providers. Those that this service has are registered from the start: registering one again changes
// nothing, and one that it does not have cannot be.
import { ControlError, type ControlRequest, type ControlRow } from '../../../http/control-row.ts';
import { ANY_ACTION } from '../access/authorize.ts';
import { type MakeRow, SUBSCRIPTION } from '../arm-row.ts';
import type { ResourceBook } from '../resources-file.ts';
import { describeNamespace, findNamespace, NAMESPACES, type Namespace } from './namespaces.ts';

export function providerRows(book: ResourceBook, row: MakeRow): readonly ControlRow[] {
  const show = (namespace: Namespace) => ({
    status: 200,
    json: describeNamespace(book.current.subscriptionId, namespace),
  });
  const anywhere = { action: ANY_ACTION, at: 'anywhere' } as const;
  const all = `${SUBSCRIPTION}/providers`;
  return [
    row('GET', all, anywhere, () => ({ status: 200, json: { value: NAMESPACES.map((each) => show(each).json) } })),
    row('GET', `${all}/:namespace`, anywhere, (request) => show(requireNamespace(request))),
    ...NAMESPACES.map((namespace) =>
      row('POST', `${all}/${namespace.name}/register`, `${namespace.name}/register/action`, () => show(namespace)),
    ),
    row('POST', `${all}/:namespace/register`, anywhere, (request) => show(requireNamespace(request))),
  ];
}

function requireNamespace({ params }: ControlRequest): Namespace {
  const name = params.namespace ?? '';
  const found = findNamespace(name);
  if (found !== undefined) return found;
  throw new ControlError(
    404,
    'InvalidResourceNamespace',
    `The resource namespace '${name.slice(0, 64)}' is invalid: this service has ${NAMESPACES.map((each) => each.name).join(', ')}.`,
  );
}
