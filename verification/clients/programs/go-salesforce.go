// The round of go-salesforce. It signs in at the org, and a second client sends that session to the base URL.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/url"
	"os"
	"runtime/debug"
	"strings"

	"github.com/k-capehart/go-salesforce/v3"
)

type account struct {
	Id   string
	Name string
}

type described struct {
	Name      string `json:"name"`
	KeyPrefix string `json:"keyPrefix"`
	Fields    []struct {
		Name string `json:"name"`
	} `json:"fields"`
}

func variable(name string) string { return os.Getenv("ROUND_" + name) }

func printLine(line any) {
	if err := json.NewEncoder(os.Stdout).Encode(line); err != nil {
		log.Fatal(err)
	}
}

// Tells the answer of a step, or its error.
func tell(step string, answer any, err error) {
	if err != nil {
		answer = map[string]string{"error": err.Error()}
	}
	printLine(map[string]any{"step": step, "answer": answer})
}

func must[Result any](result Result, err error) Result {
	if err != nil {
		log.Fatal(err)
	}
	return result
}

func version() string {
	build, _ := debug.ReadBuildInfo()
	for _, module := range build.Deps {
		if strings.HasSuffix(module.Path, "/go-salesforce/v3") {
			return strings.TrimPrefix(module.Version, "v")
		}
	}
	return ""
}

func signIn() *salesforce.Salesforce {
	printLine(map[string]string{"version": version()})
	signedIn := must(salesforce.Init(salesforce.Creds{
		Domain:         variable("ORG"),
		ConsumerKey:    variable("CLIENT_ID"),
		ConsumerSecret: variable("CLIENT_SECRET"),
		Username:       variable("USERNAME"),
		Password:       variable("PASSWORD"),
		SecurityToken:  variable("SECURITY_TOKEN"),
	}))
	token := signedIn.GetAccessToken()
	sf := must(salesforce.Init(salesforce.Creds{Domain: variable("BASE"), AccessToken: token}))
	tell("sign in", sf.GetAPIVersion(), nil)
	return sf
}

// Sends a request for which go-salesforce has no function, and reads the JSON of its answer.
func get[Answer any](sf *salesforce.Salesforce, path string) (Answer, error) {
	var answer Answer
	response, err := sf.DoRequest("GET", path, nil)
	if err != nil {
		return answer, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return answer, err
	}
	return answer, json.Unmarshal(body, &answer)
}

func read(sf *salesforce.Salesforce) {
	limits, err := get[map[string]struct{ Max int }](sf, "/limits")
	tell("limits", limits["DailyApiRequests"].Max, err)
	object, err := get[described](sf, "/sobjects/Account/describe")
	tell("describe", object, err)

	contacts := []account{}
	err = sf.Query("SELECT Id, Name FROM Contact ORDER BY Id", &contacts)
	last := len(contacts) - 1
	tell("query", map[string]any{"records": len(contacts), "first": contacts[0].Name, "last": contacts[last].Name}, err)
}

func write(sf *salesforce.Salesforce) string {
	created, err := sf.InsertOne("Account", map[string]any{"Name": "Made by go-salesforce", "NumberOfEmployees": 3})
	tell("create", created, err)
	err = sf.UpdateOne("Account", map[string]any{"Id": created.Id, "Name": "Changed by go-salesforce"})
	tell("update", "done", err)
	stored, err := get[map[string]any](sf, "/sobjects/Account/"+created.Id)
	tell("read", []any{stored["Name"], stored["NumberOfEmployees"]}, err)

	// It puts the value into the path as it is.
	key := url.PathEscape(variable("KEY"))
	upserted, err := sf.UpsertOne("Account", "External_Id__c",
		map[string]any{"External_Id__c": key, "Name": "Upserted by go-salesforce"})
	tell("upsert, new", upserted, err)
	upserted, err = sf.UpsertOne("Account", "External_Id__c",
		map[string]any{"External_Id__c": key, "Name": "Upserted by go-salesforce", "Site": "here"})
	tell("upsert, known", upserted, err)

	records := []map[string]any{{"Name": "One"}, {"Site": "nameless"}, {"Name": "Two"}}
	collection, err := sf.InsertCollection("Account", records, 200)
	tell("collection", collection, err)
	keyed := []map[string]any{{"External_Id__c": variable("KEY"), "Name": "Upserted by go-salesforce, too"}}
	collection, err = sf.UpsertCollection("Account", "External_Id__c", keyed, 200)
	tell("collection by key", collection, err)
	return created.Id
}

func bulk(sf *salesforce.Salesforce) {
	rows := []map[string]any{}
	for i := range 5 {
		rows = append(rows, map[string]any{
			"Name":           fmt.Sprintf(`Bulk by go-salesforce, "%d"`, i),
			"External_Id__c": fmt.Sprintf("%s %d", variable("KEY"), i),
		})
	}
	jobs, err := sf.InsertBulk("Account", rows, 1000, true)
	tell("bulk insert", jobs, err)
	for _, job := range jobs {
		results, err := sf.GetJobResults(job)
		tell("bulk results", []any{results.State, results.SuccessfulRecords, results.FailedRecords}, err)
	}
	soql := "SELECT Id, Name FROM Account WHERE Name LIKE 'Bulk by go-salesforce%' ORDER BY Id"
	pages, err := sf.QueryBulkIterator(soql)
	exported := []account{}
	for err == nil && pages.Next() {
		page := []account{}
		err = pages.Decode(&page)
		exported = append(exported, page...)
	}
	tell("bulk query", exported, err)
}

func remove(sf *salesforce.Salesforce, id string) {
	tell("delete", "done", sf.DeleteOne("Account", map[string]any{"Id": id}))
	_, err := get[account](sf, "/sobjects/Account/"+id)
	tell("read deleted", nil, err)
}

func main() {
	sf := signIn()
	read(sf)
	id := write(sf)
	bulk(sf)
	remove(sf, id)
}
