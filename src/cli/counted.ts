/** How many of what, as people say it: `1 key`, `2 keys`, `1 entry`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `3 keys`, `3 keys and 1 deleted key`. */
export function countedKeys(keys: number, deleted: number): string {
  return counted(keys, 'key') + (deleted === 0 ? '' : ` and ${counted(deleted, 'deleted key')}`);
}
