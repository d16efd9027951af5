import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.SdkHttpConfigurationOption;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.utils.AttributeMap;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.NullMetricsFactory;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.KinesisClientRecord;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/**
 * Reads with the Kinesis Client Library: Kcl PORT DYNAMODB-PORT STREAM COUNT. For each line of its input it lets pass what
 * was read ahead, reads COUNT more and prints the CPU time that one took, in nanoseconds.
 */
public class Kcl {
    static final int RECORD_BYTES = 400;
    static final int AHEAD = 500_000; // 16 shards, 30,000 each

    final AtomicLong records = new AtomicLong(), bytes = new AtomicLong();
    volatile long until; // where the processors stop and wait

    /** Counts the records of one shard. */
    class Counter implements ShardRecordProcessor {
        @Override
        public void processRecords(ProcessRecordsInput input) {
            long size = 0;
            for (KinesisClientRecord record : input.records()) size += record.data().remaining();
            bytes.addAndGet(size);
            records.addAndGet(input.records().size());
            synchronized (Kcl.this) {
                Kcl.this.notifyAll();
                try {
                    while (records.get() >= until) Kcl.this.wait();
                } catch (InterruptedException err) {
                    Thread.currentThread().interrupt();
                }
            }
        }

        @Override
        public void initialize(InitializationInput input) {}

        @Override
        public void leaseLost(LeaseLostInput input) {}

        @Override
        public void shardEnded(ShardEndedInput input) {}

        @Override
        public void shutdownRequested(ShutdownRequestedInput input) {}
    }

    /** The client as KinesisClientUtil of KCL makes it, but for the certificate. */
    static KinesisAsyncClient kinesis(String port) {
        return KinesisAsyncClient.builder()
            .endpointOverride(URI.create("https://127.0.0.1:" + port))
            .region(Region.US_EAST_1).credentialsProvider(CREDENTIALS)
            .httpClient(NettyNioAsyncHttpClient.builder()
                .protocol(Protocol.HTTP2)
                .maxConcurrency(Integer.MAX_VALUE)
                .http2Configuration(c -> c.initialWindowSize(512 * 1024))
                .buildWithDefaults(AttributeMap.builder().put(SdkHttpConfigurationOption.TRUST_ALL_CERTIFICATES, true).build()))
            .build();
    }

    static final StaticCredentialsProvider CREDENTIALS = StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test"));

    Scheduler scheduler(String port, String dynamoPort, String stream) {
        KinesisAsyncClient kinesis = kinesis(port);
        URI dynamo = URI.create("http://127.0.0.1:" + dynamoPort);
        DynamoDbAsyncClient leases = DynamoDbAsyncClient.builder()
            .endpointOverride(dynamo).region(Region.US_EAST_1).credentialsProvider(CREDENTIALS).build();
        CloudWatchAsyncClient unused = CloudWatchAsyncClient.builder()
            .endpointOverride(dynamo).region(Region.US_EAST_1).credentialsProvider(CREDENTIALS).build();
        String worker = UUID.randomUUID().toString();
        SingleStreamTracker tracker = new SingleStreamTracker(stream,
            InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON));
        ConfigsBuilder configs = new ConfigsBuilder(tracker, "kcl-" + worker, kinesis, leases, unused, worker, Counter::new);
        return new Scheduler(
            configs.checkpointConfig(), configs.coordinatorConfig(),
            configs.leaseManagementConfig(),
            configs.lifecycleConfig(), configs.metricsConfig().metricsFactory(new NullMetricsFactory()), configs.processorConfig(),
            configs.retrievalConfig().retrievalSpecificConfig(
                new PollingConfig(stream, kinesis).maxRecords(10_000).idleTimeBetweenReadsInMillis(200)));
    }

    /** Lets records pass until there have been so many, and returns how many there were. */
    synchronized long read(long count) throws InterruptedException {
        while (records.get() < count) wait();
        return records.get();
    }

    synchronized void open(long count) {
        until = count;
        notifyAll();
    }

    static long cpu() {
        return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toNanos();
    }

    public static void main(String[] args) throws Exception {
        long count = Long.parseLong(args[3]);
        Kcl kcl = new Kcl();
        Thread thread = new Thread(kcl.scheduler(args[0], args[1], args[2]));
        thread.setDaemon(true);
        thread.start();
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        while (input.readLine() != null) {
            long start = kcl.records.get() + AHEAD;
            kcl.open(start + count);
            long from = kcl.read(start), before = cpu();
            long to = kcl.read(start + count);
            System.out.println((cpu() - before) / (to - from));
        }
        if (kcl.bytes.get() != RECORD_BYTES * kcl.records.get()) throw new IllegalStateException("not all read");
        System.exit(0); // the scheduler would first give back its leases
    }
}
