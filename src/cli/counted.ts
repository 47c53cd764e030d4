/** How many of what, as people say it: `1 key`, `2 keys`, `1 entry`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
