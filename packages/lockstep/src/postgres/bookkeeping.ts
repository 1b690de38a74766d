/** The schema of a mirror's bookkeeping. Its name stands in many statements, so a database holds one mirror. */
export const bookkeepingSchema = '_lockstep';
