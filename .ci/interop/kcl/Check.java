import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.kinesis.retrieval.AggregatorUtil;
import software.amazon.kinesis.retrieval.KinesisClientRecord;

/** Reads aggregated records, one JSON object a line of the files named, as the Kinesis Client Library does. */
public class Check {
    /** A member as text, for comparing; the sub-sequence number is -1 in a record that is passed on as it is. */
    static String text(long subSequence, String partitionKey, String explicitHashKey, byte[] data) {
        return subSequence + " " + partitionKey + " " + explicitHashKey + " " + Base64.getEncoder().encodeToString(data);
    }

    static List<String> wanted(JsonNode line, byte[] record) {
        List<String> members = new ArrayList<>();
        for (JsonNode m : line.field("members").filter(JsonNode::isArray).map(JsonNode::asArray).orElse(List.of())) {
            members.add(text(members.size(), m.field("partition_key").get().asString(),
                m.field("explicit_hash_key").map(JsonNode::asString).orElse(null),
                Base64.getDecoder().decode(m.field("data").get().asString())));
        }
        return members.isEmpty() ? List.of(text(-1, "outer", null, record)) : members;
    }

    static List<String> read(byte[] record) {
        KinesisClientRecord outer = KinesisClientRecord.builder()
            .partitionKey("outer").sequenceNumber("1").data(ByteBuffer.wrap(record)).build();
        List<String> members = new ArrayList<>();
        for (KinesisClientRecord r : new AggregatorUtil().deaggregate(List.of(outer))) {
            byte[] data = new byte[r.data().remaining()];
            r.data().get(data);
            members.add(text(r.aggregated() ? r.subSequenceNumber() : -1, r.partitionKey(), r.explicitHashKey(), data));
        }
        return members;
    }

    public static void main(String[] files) throws Exception {
        int passed = 0, failed = 0;
        for (String file : files) {
            for (String line : Files.readAllLines(Path.of(file), StandardCharsets.UTF_8)) {
                JsonNode node = JsonNode.parser().parse(line);
                byte[] record = Base64.getDecoder().decode(node.field("record").get().asString());
                List<String> want = wanted(node, record), got = read(record);
                if (got.equals(want)) {
                    passed++;
                    continue;
                }
                failed++;
                System.out.printf("FAIL %s%n  got  %.500s%n  want %.500s%n", file, got, want);
            }
        }
        System.out.printf("%d passed, %d failed%n", passed, failed);
        System.exit(failed == 0 && passed > 0 ? 0 : 1);
    }
}
