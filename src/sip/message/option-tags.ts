import type { HeaderList } from './header-list.ts';

/** Whether a comma-separated header (Supported, Require, Allow ...) names this token, in any of its lines and any case. */
export function namesToken(headers: HeaderList, name: string, token: string): boolean {
  const wanted = token.toLowerCase();
  return headers.getAll(name).some((line) =>
    line
      .toLowerCase()
      .split(',')
      .some((one) => one.trim() === wanted),
  );
}
