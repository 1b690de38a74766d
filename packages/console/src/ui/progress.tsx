/** How far something is. `says` is the whole of it in words: a bar alone tells a screen reader nothing. */
export function Progress({ percent, says, label }: { percent: number | null; says: string; label: string }) {
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuetext={says}
      {...(percent !== null && {
        'aria-valuenow': Math.round(percent),
        'aria-valuemin': 0,
        'aria-valuemax': 100,
      })}
      className="h-2 w-full forced-color-adjust-none overflow-hidden rounded-full border border-control bg-sunken"
    >
      <div className="eases h-full bg-accent" style={{ width: `${Math.min(100, percent ?? 0)}%` }} />
    </div>
  );
}
