import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.*;

/** Checks, through the AWS SDK for Java v2, that the server at $ENDPOINT does what the service does. */
public class Check {
    static int passed, failed;
    static final List<String> contentTypes = new CopyOnWriteArrayList<>();

    static void check(String name, Object got, Object want) {
        if (Objects.equals(got, want)) {
            passed++;
            return;
        }
        failed++;
        System.out.printf("FAIL %s: got %s, want %s%n", name, got, want);
    }

    /** Notes what the answers are written in, so that the check fails if it was not CBOR. */
    static final ExecutionInterceptor NOTE_TYPES = new ExecutionInterceptor() {
        @Override
        public void afterTransmission(Context.AfterTransmission context, ExecutionAttributes attributes) {
            context.httpResponse().firstMatchingHeader("Content-Type").ifPresent(contentTypes::add);
        }
    };

    static void roundTrip(KinesisClient kinesis) {
        kinesis.createStream(r -> r.streamName("java").shardCount(1));
        kinesis.waiter().waitUntilStreamExists(r -> r.streamName("java"));
        List<String> sent = IntStream.range(0, 250).mapToObj(i -> "Wert " + i + " ü").toList();
        PutRecordsResponse put = kinesis.putRecords(r -> r.streamName("java").records(sent.stream()
            .map(s -> PutRecordsRequestEntry.builder().data(SdkBytes.fromUtf8String(s)).partitionKey("k" + s).build())
            .toList()));
        check("failed", put.failedRecordCount(), 0);

        Shard shard = kinesis.listShards(r -> r.streamName("java")).shards().get(0);
        String iterator = kinesis.getShardIterator(r -> r.streamName("java").shardId(shard.shardId())
            .shardIteratorType(ShardIteratorType.AT_TIMESTAMP).timestamp(Instant.now().minus(Duration.ofHours(1))))
            .shardIterator();
        GetRecordsResponse answer = kinesis.getRecords(r -> r.shardIterator(iterator));
        check("read back", answer.records().stream().map(r -> r.data().asUtf8String()).toList(), sent);
        check("caught up", answer.millisBehindLatest(), 0L);
        Duration age = Duration.between(answer.records().get(0).approximateArrivalTimestamp(), Instant.now()).abs();
        check("arrival is within a minute, not " + age, age.compareTo(Duration.ofMinutes(1)) < 0, true);
        check("spoke CBOR", contentTypes.contains("application/x-amz-cbor-1.1"), true);
    }

    static void errors(KinesisClient kinesis) {
        try {
            kinesis.describeStreamSummary(r -> r.streamName("nope"));
            check("unknown stream", "no error", "ResourceNotFoundException");
        } catch (KinesisException err) {
            check("unknown stream", err.awsErrorDetails().errorCode(), "ResourceNotFoundException");
        }
    }

    static void fanOut(KinesisClient kinesis, KinesisAsyncClient async) throws Exception {
        kinesis.createStream(r -> r.streamName("javafan").shardCount(1));
        kinesis.waiter().waitUntilStreamExists(r -> r.streamName("javafan"));
        String arn = kinesis.describeStreamSummary(r -> r.streamName("javafan")).streamDescriptionSummary().streamARN();
        String consumer = kinesis.registerStreamConsumer(r -> r.streamARN(arn).consumerName("java")).consumer().consumerARN();
        for (int i = 0; i < 50; i++) {
            ConsumerStatus status = kinesis.describeStreamConsumer(r -> r.consumerARN(consumer)).consumerDescription().consumerStatus();
            if (status == ConsumerStatus.ACTIVE) break;
            Thread.sleep(100);
        }
        List<String> sent = IntStream.range(0, 100).mapToObj(String::valueOf).toList();
        kinesis.putRecords(r -> r.streamName("javafan").records(sent.stream()
            .map(s -> PutRecordsRequestEntry.builder().data(SdkBytes.fromUtf8String(s)).partitionKey("k").build()).toList()));

        List<String> got = new ArrayList<>();
        CompletableFuture<Void> all = new CompletableFuture<>();
        SubscribeToShardResponseHandler handler = SubscribeToShardResponseHandler.builder()
            .subscriber(SubscribeToShardResponseHandler.Visitor.builder().onSubscribeToShardEvent(event -> {
                event.records().forEach(r -> got.add(new String(r.data().asByteArray(), StandardCharsets.UTF_8)));
                if (got.size() >= sent.size()) all.complete(null);
            }).build())
            .onError(all::completeExceptionally)
            .build();
        CompletableFuture<Void> subscription = async.subscribeToShard(r -> r.consumerARN(consumer)
            .shardId("shardId-000000000000").startingPosition(p -> p.type(ShardIteratorType.TRIM_HORIZON)), handler);
        all.get(20, TimeUnit.SECONDS);
        subscription.cancel(true);
        check("fan-out", got, sent);
    }

    interface Part { void run() throws Exception; }

    static void part(String name, Part part) {
        try {
            part.run();
        } catch (Exception err) {
            failed++;
            System.out.printf("FAIL %s: %s%n", name, err);
        }
    }

    public static void main(String[] args) {
        System.setProperty("aws.accessKeyId", "test");
        System.setProperty("aws.secretAccessKey", "test");
        System.setProperty("aws.region", "us-east-1");
        URI endpoint = URI.create(System.getenv("ENDPOINT"));
        try (KinesisClient kinesis = KinesisClient.builder().endpointOverride(endpoint)
                 .overrideConfiguration(c -> c.addExecutionInterceptor(NOTE_TYPES)).build();
             KinesisAsyncClient async = KinesisAsyncClient.builder().endpointOverride(endpoint).build()) {
            part("round trip", () -> roundTrip(kinesis));
            part("errors", () -> errors(kinesis));
            part("fan-out", () -> fanOut(kinesis, async));
        }
        System.out.printf("%d passed, %d failed%n", passed, failed);
        System.exit(failed > 0 ? 1 : 0);
    }
}
