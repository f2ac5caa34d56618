/**
 * Compares two strings in a time that depends on their lengths only, so that an answer's timing does not tell how much
 * of a guess was right. The lengths are public here.
 */
export function equalInConstantTime(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let index = 0; index < one.length; index += 1) difference |= one.charCodeAt(index) ^ other.charCodeAt(index);
  return difference === 0;
}
