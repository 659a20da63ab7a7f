// Ages as kubectl shows them: short, two units at most.

/** The text of an age in milliseconds. */
export function humanDuration(milliseconds: number): string {
  const total = Math.trunc(milliseconds / 1000);
  if (Number.isNaN(total)) return '<unknown>';
  if (total < -1) return '<invalid>';
  if (total < 0) return '0s';
  if (total < 120) return `${total}s`;
  const minutes = Math.trunc(total / 60);
  const pair = (size: number, unit: string, rest: number, small: string): string =>
    rest === 0 ? `${size}${unit}` : `${size}${unit}${rest}${small}`;
  if (minutes < 10) return pair(minutes, 'm', total % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(minutes / 60);
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (hours < 24 * 8) return pair(days, 'd', hours % 24, 'h');
  if (hours < 24 * 365 * 2) return `${days}d`;
  const years = Math.trunc(days / 365);
  return hours < 24 * 365 * 8 ? pair(years, 'y', days % 365, 'd') : `${years}y`;
}
