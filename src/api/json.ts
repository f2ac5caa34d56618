/** What a line of the control socket can carry. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
