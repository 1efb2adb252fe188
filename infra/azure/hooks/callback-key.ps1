# Makes the key of the callback tokens on the first `azd up`. callback-key.sh does the same elsewhere and says why.
$ErrorActionPreference = 'Stop'

if ($env:CALLBACK_KEY) { exit 0 }
if ($env:CI -or $env:GITHUB_ACTIONS -or $env:TF_BUILD) {
    Write-Error 'CALLBACK_KEY is not set. A new key in every run would refuse the callbacks under way: keep one as a secret of this build and set it.'
}
azd env set CALLBACK_KEY ([Convert]::ToBase64String([Security.Cryptography.RandomNumberGenerator]::GetBytes(32)))
exit $LASTEXITCODE
