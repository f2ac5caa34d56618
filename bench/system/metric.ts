/** A number of `/metrics` by its name without our prefix, with its labels if it has any; NaN where there is none. */
export async function metricOf(port: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`ringfence_${name} `));
  return Number(line?.slice(line.lastIndexOf(' ') + 1) ?? Number.NaN);
}
