/** Words of the wizard. */
export const words = {
  title: 'New sync',
  steps: 'Steps',
  names: {
    connect: 'Connect',
    check: 'Check',
    objects: 'Objects',
    budget: 'Budget',
    destination: 'Destination',
    review: 'Review',
  },
  byCommand: 'The command line creates a sync:',
  commandLabel: 'The command that creates a sync',
} as const;
