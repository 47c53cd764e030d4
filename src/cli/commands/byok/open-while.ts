// What whoever makes or moves a transfer file has to do afterwards.

export function openWhile(file: string): string {
  return `${file} opens as long as that key-exchange key is there: after the import, delete and purge it, and destroy the file`;
}
