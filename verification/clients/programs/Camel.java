import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.camel.CamelExecutionException;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.component.salesforce.SalesforceComponent;
import org.apache.camel.component.salesforce.SalesforceEndpointConfig;
import org.apache.camel.component.salesforce.SalesforceHttpClient;
import org.apache.camel.component.salesforce.api.SalesforceException;
import org.apache.camel.component.salesforce.api.dto.AbstractDescribedSObjectBase;
import org.apache.camel.component.salesforce.api.dto.SObjectDescription;
import org.apache.camel.component.salesforce.api.dto.bulkv2.Job;
import org.apache.camel.component.salesforce.api.dto.bulkv2.JobStateEnum;
import org.apache.camel.component.salesforce.api.dto.bulkv2.OperationEnum;
import org.apache.camel.component.salesforce.api.dto.bulkv2.QueryJob;
import org.apache.camel.impl.DefaultCamelContext;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.client.transport.HttpConversation;
import org.eclipse.jetty.client.transport.HttpRequest;
import org.eclipse.jetty.util.ssl.SslContextFactory;

/** The round of Camel's Salesforce component. */
class Camel {
  static final ObjectMapper json = new ObjectMapper();
  static final String login = variable("ORG");

  final DefaultCamelContext context = new DefaultCamelContext();
  final SalesforceComponent salesforce = new SalesforceComponent();
  final ProducerTemplate template = context.createProducerTemplate();

  /** An sobject as Camel's Maven plug-in generates it. */
  static class Account extends AbstractDescribedSObjectBase {
    @JsonProperty("Site")
    public String site;

    Account(String name, String site) {
      getAttributes().setType("Account");
      setName(name);
      this.site = site;
    }

    @Override
    public SObjectDescription description() {
      return new SObjectDescription();
    }
  }

  /** Camel renews and revokes its session at the instance URL; this does it at Salesforce. */
  static class SignsInAtSalesforce extends SalesforceHttpClient {
    SignsInAtSalesforce(DefaultCamelContext context) {
      super(context, Executors.newCachedThreadPool(), new SslContextFactory.Client());
    }

    @Override
    public Request newRequest(URI uri) {
      return super.newRequest(atSalesforce(uri));
    }

    @Override
    public HttpRequest newHttpRequest(HttpConversation conversation, URI uri) {
      return super.newHttpRequest(conversation, atSalesforce(uri));
    }

    private static URI atSalesforce(URI uri) {
      var at = uri.toString().indexOf("/services/oauth2/");
      return at < 0 ? uri : URI.create(login + uri.toString().substring(at));
    }
  }

  static String variable(String name) {
    return System.getenv("ROUND_" + name);
  }

  static void tell(String step, Object answer) throws Exception {
    System.out.println(json.writeValueAsString(Map.of("step", step, "answer", answer)));
  }

  /** @return the answer as text, which rawPayload asks for */
  JsonNode call(String operation, Object body, Map<String, Object> headers) throws Exception {
    var uri = "salesforce:" + operation + "?rawPayload=true";
    var answer = template.requestBodyAndHeaders(uri, body, headers, String.class);
    return answer == null || answer.isEmpty() ? json.nullNode() : json.readTree(answer);
  }

  void signIn() throws Exception {
    System.out.println(json.writeValueAsString(Map.of("version", context.getVersion())));
    var config = new SalesforceEndpointConfig();
    config.setApiVersion("62.0");
    config.setHttpClient(new SignsInAtSalesforce(context));
    salesforce.setConfig(config);
    salesforce.setLoginUrl(login);
    salesforce.setInstanceUrl(variable("BASE"));
    salesforce.setClientId(variable("CLIENT_ID"));
    salesforce.setClientSecret(variable("CLIENT_SECRET"));
    salesforce.setUserName(variable("USERNAME"));
    salesforce.setPassword(variable("PASSWORD") + variable("SECURITY_TOKEN"));
    context.addComponent("salesforce", salesforce);
    context.start();
    tell("sign in", salesforce.getSession().getOrgId());
  }

  void read() throws Exception {
    var limits = call("limits", null, Map.of());
    tell("limits", limits.get("DailyApiRequests").get("Max"));
    var account = call("getDescription", null, Map.of("sObjectName", "Account"));
    var fields = account.get("fields").findValuesAsText("name");
    tell("describe", List.of(account.get("keyPrefix"), fields));

    var soql = "SELECT Id, Name FROM Contact ORDER BY Id";
    var page = call("query", soql, Map.of("Sforce-Query-Options", "batchSize=200"));
    var names = new ArrayList<>(page.get("records").findValuesAsText("Name"));
    var pages = 1;
    for (; !page.get("done").asBoolean(); pages++) {
      page = call("queryMore", page.get("nextRecordsUrl").asText(), Map.of());
      names.addAll(page.get("records").findValuesAsText("Name"));
    }
    tell("query", List.of(pages, names.size(), names.get(0), names.get(names.size() - 1)));
  }

  String write() throws Exception {
    var account = Map.<String, Object>of("sObjectName", "Account");
    var created = call("createSObject", "{\"Name\": \"Made by Camel\", \"NumberOfEmployees\": 3}", account);
    tell("create", created);
    var id = created.get("id").asText();
    var one = Map.<String, Object>of("sObjectName", "Account", "sObjectId", id);
    tell("update", call("updateSObject", "{\"Name\": \"Changed by Camel\"}", one));
    var stored = call("getSObject", null, one);
    tell("read", List.of(stored.get("Name"), stored.get("NumberOfEmployees")));

    var keyed = Map.<String, Object>of(
        "sObjectName", "Account", "sObjectIdName", "External_Id__c", "sObjectIdValue", variable("KEY"));
    tell("upsert, new", call("upsertSObject", "{\"Name\": \"Upserted by Camel\"}", keyed));
    tell("upsert, known", call("upsertSObject", "{\"Name\": \"Upserted by Camel\", \"Site\": \"here\"}", keyed));
    tell("read by key", call("getSObjectWithId", null, keyed).get("Name"));
    var records = List.of(new Account("One", null), new Account(null, "nameless"), new Account("Two", null));
    var results = template.requestBody("salesforce:compositeCreateSObjectCollections", records, List.class);
    tell("collection", json.readTree(results.toString()));
    return id;
  }

  Object ofJob(String operation, Object body, String id) {
    return template.requestBodyAndHeader("salesforce:" + operation, body, "jobId", id);
  }

  void bulk() throws Exception {
    var rows = IntStream.range(0, 5)
        .mapToObj(i -> "\"Bulk by Camel, \"\"" + i + "\"\"\",\"" + variable("KEY") + " " + i + "\"\n")
        .collect(Collectors.joining("", "Name,External_Id__c\n", ""));
    var wanted = new Job();
    wanted.setObject("Account");
    wanted.setOperation(OperationEnum.INSERT);
    var job = template.requestBody("salesforce:bulk2CreateJob", wanted, Job.class);
    ofJob("bulk2CreateBatch", new ByteArrayInputStream(rows.getBytes(StandardCharsets.UTF_8)), job.getId());
    ofJob("bulk2CloseJob", null, job.getId());
    while (job.getState() != JobStateEnum.JOB_COMPLETE && job.getState() != JobStateEnum.FAILED) {
      Thread.sleep(100);
      job = (Job) ofJob("bulk2GetJob", null, job.getId());
    }
    tell("bulk insert", textOf(ofJob("bulk2GetSuccessfulResults", null, job.getId())));

    var soql = "SELECT Id, Name FROM Account WHERE Name LIKE 'Bulk by Camel%' ORDER BY Id";
    var question = new QueryJob();
    question.setOperation(OperationEnum.QUERY);
    question.setQuery(soql);
    question = template.requestBody("salesforce:bulk2CreateQueryJob", question, QueryJob.class);
    while (question.getState() != JobStateEnum.JOB_COMPLETE && question.getState() != JobStateEnum.FAILED) {
      Thread.sleep(100);
      question = (QueryJob) ofJob("bulk2GetQueryJob", null, question.getId());
    }
    tell("bulk query", textOf(ofJob("bulk2GetQueryJobResults", null, question.getId())));
  }

  static String textOf(Object stream) throws Exception {
    return new String(((InputStream) stream).readAllBytes(), StandardCharsets.UTF_8);
  }

  /** The session ends elsewhere; Camel gets 401, signs in again, and repeats the request. */
  void renew() throws Exception {
    var revoke = URI.create(login + "/services/oauth2/revoke?token=" + salesforce.getSession().getAccessToken());
    revoke.toURL().openStream().close();
    tell("renew the session", call("limits", null, Map.of()).get("DailyApiRequests").get("Max"));
  }

  void remove(String id) throws Exception {
    var one = Map.<String, Object>of("sObjectName", "Account", "sObjectId", id);
    tell("delete", call("deleteSObject", null, one));
    try {
      call("getSObject", null, one);
    } catch (CamelExecutionException refusal) {
      var cause = (SalesforceException) refusal.getCause();
      tell("read deleted", List.of(cause.getStatusCode(), cause.getErrors().toString()));
    }
  }

  void run() throws Exception {
    signIn();
    read();
    var id = write();
    bulk();
    renew();
    remove(id);
    context.stop();
  }

  public static void main(String[] args) {
    try {
      new Camel().run();
      System.exit(0);
    } catch (Exception error) {
      error.printStackTrace();
      System.exit(1); // threads of Camel would go on
    }
  }
}
