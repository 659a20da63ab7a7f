// Pure: how the server's seats are divided among priority levels (KEP-1040, borrowing by KEP-3086).
import type { PriorityLevelConfiguration } from '#api/flowcontrol/v1/prioritylevelconfiguration.ts';
import type { Limits } from './level.ts';

const partOf = ({ spec }: PriorityLevelConfiguration) => (spec.type === 'Exempt' ? spec.exempt : spec.limited) ?? {};
const sharesOf = (level: PriorityLevelConfiguration): number =>
  partOf(level).nominalConcurrencyShares ?? (level.spec.type === 'Exempt' ? 0 : 30);

/** Limits by name of the level. */
export function divide(levels: readonly PriorityLevelConfiguration[], seats: number): Map<string, Limits> {
  const sum = levels.reduce((total, level) => total + sharesOf(level), 0);
  return new Map(
    levels.map((level) => {
      const nominal = sum === 0 ? 0 : Math.ceil((seats * sharesOf(level)) / sum);
      const lendable = Math.round((nominal * (partOf(level).lendablePercent ?? 0)) / 100);
      const borrowing = level.spec.limited?.borrowingLimitPercent;
      const most = borrowing === undefined ? seats : nominal + Math.round((nominal * borrowing) / 100);
      return [level.metadata.name, { nominal, lendable, most }];
    }),
  );
}
