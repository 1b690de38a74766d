// Fetches what the examples in docs/clients.md need in other languages, and the clients of other makers that
// `npm run client-rounds` compares, so that the tests can run them: npm run clients. It uses each language's own tools,
// if they are installed, and puts everything into .clients/. What is there already in the right version stays.
import { fetchClient, fetchedClients, isFetched } from '@lockstep/harness/fetched-clients';

for (const client of fetchedClients) {
  const why = isFetched(client) ? null : await fetchClient(client);
  process.stdout.write(why === null ? `fetched  ${client.name}\n` : `without  ${client.name}: ${why}\n`);
}
