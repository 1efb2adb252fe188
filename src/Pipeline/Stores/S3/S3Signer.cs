using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Amazon.Runtime;

namespace Pipeline.Stores.S3;

/// <summary>
/// Signs reads for S3 in their headers: Signature Version 4 for a request without body or query. The SDK's presigning
/// costs as much processor time as reading and normalizing a small object. Here the key of a day is derived once, and a
/// signature costs two hashes.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
/// </summary>
internal sealed class S3Signer(string region)
{
    private const string EmptyBodyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    [ThreadStatic]
    private static ThreadHashes? t_hashes;

    private DayKey? _key;

    /// <summary>
    /// Adds the headers of a signature. It covers every header that the request has by then, so do not change them
    /// later.
    /// </summary>
    public void Sign(HttpRequestMessage request, ImmutableCredentials credentials, DateTimeOffset now)
    {
        var time = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        request.Headers.TryAddWithoutValidation("x-amz-content-sha256", EmptyBodyHash);
        request.Headers.TryAddWithoutValidation("x-amz-date", time);
        if (credentials.UseToken)
            request.Headers.TryAddWithoutValidation("x-amz-security-token", credentials.Token);

        var key = KeyOf(credentials, time[..8]);
        var hashes = t_hashes ??= new();
        var (canonical, signedHeaders) = Canonicalize(request);
        var signature = hashes.Sign(key, $"AWS4-HMAC-SHA256\n{time}\n{key.Scope}\n{hashes.Hash(canonical)}");
        request.Headers.TryAddWithoutValidation(
            "Authorization",
            $"AWS4-HMAC-SHA256 Credential={credentials.AccessKey}/{key.Scope}, "
                + $"SignedHeaders={signedHeaders}, Signature={signature}");
    }

    private static (string Request, string SignedHeaders) Canonicalize(HttpRequestMessage request)
    {
        var address = request.RequestUri!;
        var headers = new SortedList<string, string>(8, StringComparer.Ordinal)
        {
            ["host"] = request.Headers.Host ?? address.Authority,
        };
        foreach (var header in request.Headers.NonValidated)
        {
            if (!header.Key.Equals("Host", StringComparison.OrdinalIgnoreCase))
                headers.Add(header.Key.ToLowerInvariant(), header.Value.ToString().Trim());
        }

        var signed = string.Join(';', headers.Keys);
        var text = new StringBuilder(512).Append("GET\n").Append(address.AbsolutePath).Append("\n\n");
        for (var i = 0; i < headers.Count; i++)
            text.Append(headers.GetKeyAtIndex(i)).Append(':').Append(headers.GetValueAtIndex(i)).Append('\n');
        return (text.Append('\n').Append(signed).Append('\n').Append(EmptyBodyHash).ToString(), signed);
    }

    private DayKey KeyOf(ImmutableCredentials credentials, string day)
    {
        if (Volatile.Read(ref _key) is { } known && known.Day == day
            && (known.AccessKey, known.SecretKey) == (credentials.AccessKey, credentials.SecretKey))
            return known;
        var value = Encoding.UTF8.GetBytes("AWS4" + credentials.SecretKey);
        foreach (var part in (string[])[day, region, "s3", "aws4_request"])
            value = HMACSHA256.HashData(value, Encoding.UTF8.GetBytes(part));
        var key = new DayKey(
            credentials.AccessKey, credentials.SecretKey, day, $"{day}/{region}/s3/aws4_request", value);
        Volatile.Write(ref _key, key);
        return key;
    }

    /// <summary>
    /// Hashes that a thread reuses. OpenSSL 3 looks up the algorithm for each new hash, which costs more than hashing
    /// these few bytes.
    /// </summary>
    private sealed class ThreadHashes
    {
        private readonly IncrementalHash _sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private IncrementalHash? _hmac;
        private DayKey? _key;

        public string Hash(string text) => Finish(_sha256, text);

        public string Sign(DayKey key, string text)
        {
            if (_key != key)
            {
                _hmac?.Dispose();
                _hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key.Value);
                _key = key;
            }

            return Finish(_hmac!, text);
        }

        private static string Finish(IncrementalHash hash, string text)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(text));
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
    }

    // Not a record: its ToString would show the secret.
    private sealed class DayKey(string accessKey, string secretKey, string day, string scope, byte[] value)
    {
        public string AccessKey { get; } = accessKey;

        public string SecretKey { get; } = secretKey;

        public string Day { get; } = day;

        public string Scope { get; } = scope;

        public byte[] Value { get; } = value;
    }
}
