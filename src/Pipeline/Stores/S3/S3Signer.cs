using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Amazon.Runtime;

namespace Pipeline.Stores.S3;

/// <summary>
/// Signs reads for S3 in their headers: Signature Version 4 for a request without body or query. The SDK's presigning takes as much of the
/// processor as reading and normalizing a small object; here a day's key is derived once, and a signature costs three hashes.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
/// </summary>
internal sealed class S3Signer(string region)
{
    private const string EmptyBodyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    private DayKey? _key;

    /// <summary>Adds the headers of a signature. Every header that the request has by then is signed; it must not be changed afterwards.</summary>
    public void Sign(HttpRequestMessage request, ImmutableCredentials credentials, DateTimeOffset now)
    {
        var time = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        request.Headers.TryAddWithoutValidation("x-amz-content-sha256", EmptyBodyHash);
        request.Headers.TryAddWithoutValidation("x-amz-date", time);
        if (credentials.UseToken)
            request.Headers.TryAddWithoutValidation("x-amz-security-token", credentials.Token);

        var key = KeyOf(credentials, time[..8]);
        var (canonical, signedHeaders) = Canonicalize(request);
        var toSign = $"AWS4-HMAC-SHA256\n{time}\n{key.Scope}\n{Hash(canonical)}";
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(key.Value, Encoding.UTF8.GetBytes(toSign)));
        request.Headers.TryAddWithoutValidation(
            "Authorization", $"AWS4-HMAC-SHA256 Credential={credentials.AccessKey}/{key.Scope}, SignedHeaders={signedHeaders}, Signature={signature}");
    }

    private static (string Request, string SignedHeaders) Canonicalize(HttpRequestMessage request)
    {
        var address = request.RequestUri!;
        var headers = new List<(string Name, string Value)> { ("host", request.Headers.Host ?? address.Authority) };
        foreach (var header in request.Headers.NonValidated)
        {
            if (!header.Key.Equals("Host", StringComparison.OrdinalIgnoreCase))
                headers.Add((header.Key.ToLowerInvariant(), header.Value.ToString().Trim()));
        }

        headers.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        var signed = string.Join(';', headers.Select(h => h.Name));
        var text = new StringBuilder(512).Append(request.Method.Method).Append('\n').Append(address.AbsolutePath).Append("\n\n");
        foreach (var (name, value) in headers)
            text.Append(name).Append(':').Append(value).Append('\n');
        return (text.Append('\n').Append(signed).Append('\n').Append(EmptyBodyHash).ToString(), signed);
    }

    private DayKey KeyOf(ImmutableCredentials credentials, string day)
    {
        if (Volatile.Read(ref _key) is { } known && known.Day == day && known.AccessKey == credentials.AccessKey && known.SecretKey == credentials.SecretKey)
            return known;
        var value = Encoding.UTF8.GetBytes("AWS4" + credentials.SecretKey);
        foreach (var part in (string[])[day, region, "s3", "aws4_request"])
            value = HMACSHA256.HashData(value, Encoding.UTF8.GetBytes(part));
        var key = new DayKey(credentials.AccessKey, credentials.SecretKey, day, $"{day}/{region}/s3/aws4_request", value);
        Volatile.Write(ref _key, key);
        return key;
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    // Not a record: a record's ToString would show the secret.
    private sealed class DayKey(string accessKey, string secretKey, string day, string scope, byte[] value)
    {
        public string AccessKey { get; } = accessKey;

        public string SecretKey { get; } = secretKey;

        public string Day { get; } = day;

        public string Scope { get; } = scope;

        public byte[] Value { get; } = value;
    }
}
