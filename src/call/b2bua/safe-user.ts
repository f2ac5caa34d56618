/** A user part as we write it: what is not plain there is escaped (RFC 3261 §25.1 `user`). */
export function safeUser(user: string): string {
  return user.replace(/[^A-Za-z0-9\-_.!~*'()&=+$,;?/]/g, (octet) => {
    return `%${(octet.charCodeAt(0) & 255).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}
