import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.MoreExecutors;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.kinesis.producer.KinesisProducer;
import software.amazon.kinesis.producer.KinesisProducerConfiguration;
import software.amazon.kinesis.producer.UserRecordResult;

/**
 * Writes values with the Kinesis Producer Library: Kpl PORT plain|aggregated COUNT. For each line of its input it writes
 * COUNT of them and prints the CPU time that one took, in nanoseconds, and how much of it the Java process took.
 */
public class Kpl {
    static final int VALUE_BYTES = 200, KEYS = 1_000_000, OUTSTANDING = 100_000;

    final AtomicLong delivered = new AtomicLong(), failed = new AtomicLong();
    final String[] keys = new String[KEYS];
    final byte[][] values = new byte[4096][];
    final KinesisProducer producer;

    final FutureCallback<UserRecordResult> settled = new FutureCallback<>() {
        @Override
        public void onSuccess(UserRecordResult result) {
            delivered.incrementAndGet();
        }

        @Override
        public void onFailure(Throwable err) {
            if (failed.incrementAndGet() == 1) System.err.println(err);
        }
    };

    Kpl(int port, boolean aggregate) {
        for (int i = 0; i < keys.length; i++) keys[i] = "customer-%06d".formatted(i);
        for (int i = 0; i < values.length; i++) {
            String value = "{\"id\":%d,\"text\":\"%s\"}".formatted(i, "lorem ipsum ".repeat(VALUE_BYTES / 12 + 1));
            values[i] = value.substring(0, VALUE_BYTES).getBytes(StandardCharsets.UTF_8);
        }
        producer = new KinesisProducer(new KinesisProducerConfiguration()
            .setCredentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
            .setRegion("us-east-1")
            .setKinesisEndpoint("127.0.0.1").setKinesisPort(port).setVerifyCertificate(false)
            .setMetricsLevel("none")
            .setCloudwatchEndpoint("127.0.0.1").setCloudwatchPort(port).setStsEndpoint("127.0.0.1").setStsPort(port)
            .setAggregationEnabled(aggregate)
            .setRateLimit(Long.MAX_VALUE / 1_000_000_000));
    }

    void send(int count) throws InterruptedException {
        for (int i = 0; i < count; i++) {
            // As KPL's own sample does; a lock for each record would cost more than this.
            while (i % 100 == 0 && producer.getOutstandingRecordsCount() > OUTSTANDING) Thread.sleep(1);
            Futures.addCallback(
                producer.addUserRecord("written", keys[(int) (i * 7919L % KEYS)], ByteBuffer.wrap(values[i % values.length])),
                settled, MoreExecutors.directExecutor());
        }
        producer.flushSync();
    }

    static long cpu(ProcessHandle process) {
        return process.info().totalCpuDuration().orElseThrow().toNanos();
    }

    public static void main(String[] args) throws Exception {
        int count = Integer.parseInt(args[2]);
        long sent = 0;
        Kpl kpl = new Kpl(Integer.parseInt(args[0]), args[1].equals("aggregated"));
        ProcessHandle self = ProcessHandle.current(), daemon = self.children().findFirst().orElseThrow();
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (; input.readLine() != null; sent += count) {
            long java = cpu(self), child = cpu(daemon);
            kpl.send(count);
            java = cpu(self) - java;
            child = cpu(daemon) - child;
            System.out.println((java + child) / count + " " + java / count);
        }
        kpl.producer.destroy();
        if (kpl.delivered.get() != sent) throw new IllegalStateException(kpl.failed + " failed of " + sent);
    }
}
