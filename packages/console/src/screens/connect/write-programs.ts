/** Programs that write through the proxy, with their caller's own token. */
import type { ProxyFacts } from './facts.ts';
import { programText, quoted } from './quoting.ts';

const recordUrl = ({ baseUrl, apiVersion, object, id }: ProxyFacts) =>
  `${baseUrl}/services/data/v${apiVersion}/sobjects/${object}/${id}`;

export const curlLine = (facts: ProxyFacts) => `curl -i -X PATCH ${quoted(recordUrl(facts))} \\
  -H "Authorization: Bearer $SF_TOKEN" -H 'Content-Type: application/json' \\
  -d ${quoted(JSON.stringify({ [facts.field]: 'Written with curl' }))}`;

export const jsforceProgram = ({
  baseUrl,
  apiVersion,
  object,
  id,
  field,
}: ProxyFacts) => `// npm install jsforce
import { Connection } from 'jsforce';

const salesforce = new Connection({
  instanceUrl: '${baseUrl}',
  accessToken: process.env.SF_TOKEN,
  version: '${apiVersion}',
});
console.log(await salesforce.sobject('${object}').update({ Id: '${id}', ${field}: 'Written with jsforce' }));`;

/** simple-salesforce speaks https only, and takes a host with a path in place of an address. */
export function pythonProgram({ baseUrl, apiVersion, object, id, field }: ProxyFacts): string {
  const { protocol, host, pathname } = new URL(baseUrl);
  const isPlain = protocol === 'http:';
  const [session, given] = isPlain
    ? [
        `

class PlainHttp(requests.adapters.HTTPAdapter):
    """simple-salesforce speaks https only, this proxy http."""

    def send(self, request, **options):
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, **options)


session = requests.Session()
session.mount("https://${host}/", PlainHttp())`,
        '\n    session=session,',
      ]
    : ['', ''];
  return `# pip install simple-salesforce
import os

${isPlain ? 'import requests\n' : ''}from simple_salesforce import Salesforce
${session}
salesforce = Salesforce(
    instance="${host}${pathname.replace(/\/$/, '')}",
    session_id=os.environ["SF_TOKEN"],
    version="${apiVersion}",${given}
)
print(salesforce.${object}.update("${id}", {"${field}": "Written with simple-salesforce"}))`;
}

export const javaProgram = (facts: ProxyFacts) => `// java Write.java
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

class Write {
  public static void main(String[] args) throws Exception {
    var body = ${programText(JSON.stringify({ [facts.field]: 'Written with Java' }))};
    var request = HttpRequest.newBuilder(URI.create(
            "${recordUrl(facts)}"))
        .header("Authorization", "Bearer " + System.getenv("SF_TOKEN"))
        .header("Content-Type", "application/json")
        .method("PATCH", HttpRequest.BodyPublishers.ofString(body))
        .build();
    var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    System.out.println(answer.statusCode() + " " + answer.headers().firstValue("Lockstep-Applied").orElse(""));
  }
}`;

export const goProgram = (facts: ProxyFacts) => `// go run main.go
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
)

func main() {
	body := strings.NewReader(\`${JSON.stringify({ [facts.field]: 'Written with Go' })}\`)
	request, err := http.NewRequest("PATCH",
		"${recordUrl(facts)}", body)
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("SF_TOKEN"))
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	fmt.Println(answer.Status, answer.Header.Get("Lockstep-Applied"))
}`;
