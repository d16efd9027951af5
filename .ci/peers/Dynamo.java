import com.amazonaws.services.dynamodbv2.local.server.LocalDynamoDBRequestHandler;
import com.amazonaws.services.dynamodbv2.local.server.LocalDynamoDBServerHandler;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.ContextHandler;

/** Runs DynamoDB Local in memory, where KCL keeps its leases, and prints its port. Its own command listens on every interface. */
public class Dynamo {
    public static void main(String[] args) throws Exception {
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        server.setHandler(new ContextHandler(
            new LocalDynamoDBServerHandler(new LocalDynamoDBRequestHandler(0, true, null, false, false), null), "/"));
        server.start();
        System.out.println(connector.getLocalPort());
        server.join();
    }
}
